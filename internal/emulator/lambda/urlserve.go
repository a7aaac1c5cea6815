package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// forbidden is the answer to a caller whom the policies do not let in
// (github.com/awsdocs/aws-lambda-developer-guide issue 494).
const forbidden = "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"

// serveURL answers a request to a function's or an alias's URL.
// AWS: Lambda Developer Guide, Invoking Lambda function URLs.
func (s *Service) serveURL(u *functionURL, r *wire.Request, reply func(*wire.Response)) {
	t, err := s.find(u.arn, "")
	if err != nil || t.own().url != u { // taken away while the request was on its way
		reply(nil)
		return
	}
	who, refusal := s.admit(t.own(), r)
	if refusal != nil {
		reply(refusal)
		return
	}
	payload := s.urlPayload(u, r, who)
	if len(payload) > maxRequest {
		reply(urlFailure(r, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request Entity Too Large"))
		return
	}
	s.start(t, request{requestID: r.ID, payload: payload, done: func(result Result) { reply(urlResult(r, result)) }})
}

// admit tells who the caller is, nil for anybody, or why it is not let in.
// AWS: Lambda Developer Guide, Control access to Lambda function URLs.
func (s *Service) admit(own *settings, r *wire.Request) (*urlAuthorizer, *wire.Response) {
	if own.url.auth == types.FunctionUrlAuthTypeNone {
		if !own.admits(own.url.auth, wire.Identity{}) {
			return nil, urlFailure(r, http.StatusForbidden, "AccessDeniedException", forbidden)
		}
		return nil, nil
	}
	key, region, service := r.SignedFor()
	signed := r.Header.Get("Authorization")
	switch {
	case key == "", !strings.Contains(signed, "SignedHeaders="), !strings.Contains(signed, "Signature="):
		return nil, urlFailure(r, http.StatusForbidden, "AccessDeniedException", "Forbidden")
	case service != "lambda":
		return nil, urlFailure(r, http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to correct service: 'lambda'. ")
	case region != s.region:
		return nil, urlFailure(r, http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to a valid region. ")
	}
	who, err := s.identity(key, r.Header.Get("X-Amz-Security-Token"))
	if err != nil {
		return nil, urlFailure(r, http.StatusForbidden, "AccessDeniedException", "Forbidden")
	}
	if !s.permits(own, who) {
		return nil, urlFailure(r, http.StatusForbidden, "AccessDeniedException", forbidden)
	}
	return &urlAuthorizer{urlIdentity{
		AccessKey: key, AccountID: who.Account, CallerID: who.UserID, UserARN: who.ARN, UserID: who.UserID,
	}}, nil
}

// permits reports whether policies let a caller who has signed use the URL. A caller of
// the function's own account needs no more than its own, any other the function's too.
func (s *Service) permits(own *settings, who wire.Identity) bool {
	u := own.url
	if s.deps.Permit == nil {
		return who.Account == s.account || own.admits(u.auth, who)
	}
	return s.deps.Permit(who, actionURL, u.arn, map[string][]string{urlAuthType: {string(u.auth)}}) &&
		s.deps.Permit(who, actionInvoke, u.arn, map[string][]string{viaURL: {"true"}})
}

// identity is who has an access key and the session token that comes with it.
func (s *Service) identity(key, token string) (wire.Identity, error) {
	if s.deps.Identity != nil {
		return s.deps.Identity(key, token)
	}
	return wire.Identity{Account: s.account, ARN: partition.IAM(s.region, s.account, "user/"+key), UserID: key}, nil
}

// admits reports whether the resource policy lets a caller use the URL. Since
// October 2025 that takes both actions.
func (own *settings) admits(auth types.FunctionUrlAuthType, who wire.Identity) bool {
	return own.allows(actionURL, auth, who) && own.allows(actionInvoke, auth, who)
}

func (own *settings) allows(action string, auth types.FunctionUrlAuthType, who wire.Identity) bool {
	for _, st := range own.policy {
		if st.names(action) && st.isFor(who) && st.holds(auth) {
			return true
		}
	}
	return false
}

func (st statement) names(action string) bool {
	return st.Action == action || st.Action == "lambda:*" || st.Action == "*"
}

// isFor reports whether the principal is the caller: anybody, its account, itself,
// or the role whose session it is.
func (st statement) isFor(who wire.Identity) bool {
	if st.Principal == "*" {
		return true
	}
	named, _ := st.Principal.(map[string]string)
	arn := named["AWS"]
	if arn == "" || who.ARN == "" {
		return false
	}
	role := who.ARN
	if session, ok := strings.CutPrefix(who.ARN, "arn:"+partition.OfARN(who.ARN)+":sts::"+who.Account+":assumed-role/"); ok {
		name, _, _ := strings.Cut(session, "/")
		role = "arn:" + partition.OfARN(who.ARN) + ":iam::" + who.Account + ":role/" + name
	}
	return arn == partition.SameRoot(who.ARN, who.Account) || arn == who.ARN || arn == role
}

// holds reports whether the conditions hold for a request to the function's URL,
// which comes from no resource of AWS.
func (st statement) holds(auth types.FunctionUrlAuthType) bool {
	for _, keys := range st.Condition {
		for key, value := range keys {
			switch {
			case key == urlAuthType && value == string(auth), key == viaURL && value == "true":
			default:
				return false
			}
		}
	}
	return true
}

// urlFailure is Lambda's refusal.
func urlFailure(r *wire.Request, status int, kind, message string) *wire.Response {
	return urlAnswer(r, status, kind, encode(map[string]string{"Message": message}))
}

// badGateway is the answer when the function failed, ran out of time, or answered
// what is no answer.
func badGateway(r *wire.Request) *wire.Response {
	return urlAnswer(r, http.StatusBadGateway, "", "Internal Server Error")
}

func urlAnswer(r *wire.Request, status int, kind, body string) *wire.Response {
	resp := &wire.Response{Status: status, Header: http.Header{}, Body: []byte(body)}
	resp.Header.Set("Content-Type", "application/json")
	resp.Header.Set("X-Amzn-Requestid", r.ID)
	if kind != "" {
		resp.Header.Set("X-Amzn-Errortype", kind)
	}
	return resp
}

// urlResult is the answer that a function's result makes.
func urlResult(r *wire.Request, result Result) *wire.Response {
	if throttled, ok := errors.AsType[*types.TooManyRequestsException](result.Err); ok {
		return urlAnswer(r, http.StatusTooManyRequests, "TooManyRequestsException",
			encode(map[string]string{"Reason": string(throttled.Reason), "Type": "User", "message": throttled.ErrorMessage()}))
	}
	if result.Err != nil || result.FunctionError != "" {
		return badGateway(r)
	}
	resp, err := urlResponse(r, result.Payload)
	if err != nil {
		return badGateway(r)
	}
	return resp
}

// urlResponse is the HTTP response that a function's answer describes. What has no
// statusCode is the body itself.
// AWS: Lambda Developer Guide, Invoking Lambda function URLs, response payload
// format.
func urlResponse(r *wire.Request, payload []byte) (*wire.Response, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil || members["statusCode"] == nil {
		if !json.Valid(payload) {
			return nil, errors.New("the function's answer is not JSON")
		}
		return urlAnswer(r, http.StatusOK, "", string(payload)), nil
	}
	var answer struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            string            `json:"body"`
		Cookies         []string          `json:"cookies"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return nil, err
	}
	if answer.StatusCode < 200 || answer.StatusCode > 599 {
		return nil, errors.New("the function's answer has no HTTP status")
	}
	resp := urlAnswer(r, answer.StatusCode, "", answer.Body)
	for name, value := range answer.Headers {
		resp.Header.Set(name, value)
	}
	for _, cookie := range answer.Cookies {
		resp.Header.Add("Set-Cookie", cookie)
	}
	var err error
	if answer.IsBase64Encoded {
		resp.Body, err = base64.StdEncoding.DecodeString(answer.Body)
	}
	return resp, err
}
