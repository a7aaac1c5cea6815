package lambda

import (
	"encoding/base64"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// urlEvent is what a function gets of a request to its URL, in payload format 2.0.
// AWS: Lambda Developer Guide, Invoking Lambda function URLs, request payload
// format.
type urlEvent struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQuery        string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	Context         urlContext        `json:"requestContext"`
	Body            string            `json:"body,omitempty"`
	PathParameters  *struct{}         `json:"pathParameters"` // always null, as is
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	StageVariables  *struct{}         `json:"stageVariables"`
}

type urlContext struct {
	AccountID      string         `json:"accountId"`
	APIID          string         `json:"apiId"`
	Authentication *struct{}      `json:"authentication"` // always null
	Authorizer     *urlAuthorizer `json:"authorizer,omitempty"`
	DomainName     string         `json:"domainName"`
	DomainPrefix   string         `json:"domainPrefix"`
	HTTP           urlHTTP        `json:"http"`
	RequestID      string         `json:"requestId"`
	RouteKey       string         `json:"routeKey"`
	Stage          string         `json:"stage"`
	Time           string         `json:"time"`
	TimeEpoch      int64          `json:"timeEpoch"`
}

type urlHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type urlAuthorizer struct {
	IAM urlIdentity `json:"iam"`
}

type urlIdentity struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"` // null, as is
	PrincipalOrgID  *string `json:"principalOrgId"`
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// urlPayload is the event of a request; the caller is nil for an anonymous one.
func (s *Service) urlPayload(u *functionURL, r *wire.Request, who *urlAuthorizer) []byte {
	account := "anonymous"
	if who != nil {
		account = s.account
	}
	return s.httpPayload(door{id: u.id, host: s.host(u), route: "$default", account: account}, r, who)
}

// door is where a request over HTTP came in: a URL, or a route of an HTTP API.
type door struct{ id, host, route, account string }

// httpPayload is the event of a request in payload format 2.0.
func (s *Service) httpPayload(at door, r *wire.Request, who *urlAuthorizer) []byte {
	now := s.loop.Now().UTC()
	e := urlEvent{
		Version: "2.0", RouteKey: at.route, RawPath: r.Path, RawQuery: r.Query, Query: joinedQuery(r.Query),
		Context: urlContext{
			AccountID: at.account, APIID: at.id, Authorizer: who, DomainName: at.host, DomainPrefix: at.id,
			HTTP: urlHTTP{
				Method: r.Method, Path: r.Path, Protocol: "HTTP/1.1", SourceIP: sourceIP(r), UserAgent: r.Header.Get("User-Agent"),
			},
			RequestID: r.ID, RouteKey: at.route, Stage: "$default",
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
	}
	e.Headers, e.Cookies = s.urlHeaders(r, now)
	e.Body, e.IsBase64Encoded = urlBody(r)
	return []byte(encode(e))
}

// sourceIP is where the request came from: within the process, this machine.
func sourceIP(r *wire.Request) string {
	if host, _, err := net.SplitHostPort(r.Remote); err == nil {
		return host
	}
	return "127.0.0.1"
}

// urlHeaders are the request's headers with lower-case names and those that Lambda
// adds, and the cookies, which stand apart.
func (s *Service) urlHeaders(r *wire.Request, now time.Time) (headers map[string]string, cookies []string) {
	headers = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if strings.EqualFold(name, "Cookie") {
			for part := range strings.SplitSeq(strings.Join(r.Header[name], ";"), ";") {
				cookies = append(cookies, strings.TrimSpace(part))
			}
			continue
		}
		headers[strings.ToLower(name)] = strings.Join(r.Header[name], ",")
	}
	headers["host"] = r.Host
	headers["x-forwarded-for"] = sourceIP(r)
	headers["x-forwarded-port"] = "443"
	headers["x-forwarded-proto"] = "https"
	if headers["x-amzn-trace-id"] == "" {
		headers["x-amzn-trace-id"] = s.traceID(now)
	}
	return headers, cookies
}

// traceID is a new one (AWS: X-Ray Developer Guide, Trace IDs).
func (s *Service) traceID(now time.Time) string {
	const hexDigits, random = 16, 24
	return "Root=1-" + strconv.FormatInt(now.Unix(), hexDigits) + "-" + s.loop.ID(random)
}

// joinedQuery is the query's parameters, those of one name joined by commas.
func joinedQuery(query string) map[string]string {
	values, err := url.ParseQuery(query)
	if err != nil && len(values) == 0 {
		return nil
	}
	out := make(map[string]string, len(values))
	for name, all := range values {
		out[name] = strings.Join(all, ",")
	}
	return out
}

// urlBody is the request's body, in base64 unless its type says that it is text.
// A form is not text to Lambda (AWS: API Gateway Developer Guide, Create AWS Lambda
// proxy integrations for HTTP APIs, of which function URLs have the format).
func urlBody(r *wire.Request) (body string, isBase64 bool) {
	kind, _, _ := strings.Cut(strings.ToLower(r.Header.Get("Content-Type")), ";")
	kind = strings.TrimSpace(kind)
	isText := strings.HasPrefix(kind, "text/") || slices.Contains([]string{"application/json", "application/javascript", "application/xml"}, kind)
	if len(r.Body) == 0 || isText && utf8.Valid(r.Body) {
		return string(r.Body), false
	}
	return base64.StdEncoding.EncodeToString(r.Body), true
}
