package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// TableGoneError is an error with a type of its own.
type TableGoneError struct{}

func (TableGoneError) Error() string { return "the table is gone" }

// serveFunction is what this program does as a function.
func serveFunction() {
	switch mode := os.Getenv("MODE"); mode {
	case "initexit":
		os.Exit(1)
	case "initerror":
		initError()
	case "secondstart":
		if _, err := os.Stat(os.Getenv("MARK")); err != nil {
			_ = os.WriteFile(os.Getenv("MARK"), nil, 0o600)
			os.Exit(1)
		}
		runtime.Start(echo)
	case "outofturn", "headererror", "large":
		byHand(mode)
	default:
		runtime.Start(handlers()[mode])
	}
}

func echo(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }

// handlers are those that aws-lambda-go serves.
func handlers() map[string]any {
	return map[string]any{
		"echo":  echo,
		"error": func() error { return TableGoneError{} },
		"exit":  func() { os.Exit(3) },
		"kill": func() error {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			<-make(chan struct{})
			return err
		},
		"panic": func() { panic("down") },
		"hang": func() {
			stop := make(chan os.Signal, 1)
			signal.Notify(stop)
			for range stop {
			}
		},
		"pid":       func() (int, error) { return os.Getpid(), nil },
		"variables": func() ([]string, error) { return os.Environ(), nil },
		"context": func(ctx context.Context) (map[string]string, error) {
			lc, ok := lambdacontext.FromContext(ctx)
			deadline, limited := ctx.Deadline()
			if !ok || !limited {
				return nil, errors.New("no context of Lambda")
			}
			return map[string]string{
				"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "client": lc.ClientContext.Custom["who"],
				"version": lambdacontext.FunctionVersion, "trace": os.Getenv("_X_AMZN_TRACE_ID"),
				"deadline": deadline.Format("2006-01-02T15:04:05.000Z07:00"),
			}, nil
		},
		"get":   get,
		"calls": calls,
		"print": func() {
			fmt.Println("to standard output")
			fmt.Fprintln(os.Stderr, "to standard error")
		},
	}
}

// get asks a URL as Sluice's functions do, and gives status and body.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	return send(req)
}

func send(req *http.Request) (string, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body))), err
}

// calls asks the cloud for much at a time, by HTTP and by HTTPS, as clients that keep
// their connections and never repeat a request.
func calls(ctx context.Context) (string, error) {
	const atATime = 8
	failed := make(chan error)
	for i := range atATime {
		url := "https://slack.com/"
		if i%2 == 0 {
			url = os.Getenv("AWS_ENDPOINT_URL") + "/"
		}
		go func() {
			_, err := post(ctx, url)
			failed <- err
		}()
	}
	var err error
	for range atATime {
		err = errors.Join(err, <-failed)
	}
	return "ok", err
}

// post sends a request that net/http does not repeat, as it is not idempotent and its
// body can be read once.
func post(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, io.NopCloser(strings.NewReader("{}")))
	if err != nil {
		return "", err
	}
	return send(req)
}

// reply is what the Runtime API answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// call calls the Runtime API.
func call(method, path, body string, header map[string]string) reply {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/" + path
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err)
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		req.Header.Set(name, header[name])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// told is what a call was answered with: its status and the error's type.
func told(what, method, path, body string) string {
	got := call(method, path, body, nil)
	var failed struct {
		Type string `json:"errorType"`
	}
	_ = json.Unmarshal([]byte(got.body), &failed)
	return fmt.Sprintf("%s: %d %s", what, got.status, failed.Type)
}

func initError() {
	got := call(http.MethodPost, "init/error", `{"errorMessage":"no settings","errorType":"NoSettings"}`,
		map[string]string{"Lambda-Runtime-Function-Error-Type": "Runtime.Other"})
	fmt.Println(got.status, got.body)
	os.Exit(1)
}

// byHand speaks to the Runtime API without aws-lambda-go.
func byHand(mode string) {
	after := ""
	for {
		next := call(http.MethodGet, "invocation/next", "", nil)
		this := "invocation/" + next.header.Get("Lambda-Runtime-Aws-Request-Id")
		switch {
		case mode == "headererror":
			call(http.MethodPost, this+"/error", `"it broke"`, map[string]string{"Lambda-Runtime-Function-Error-Type": "Function.Broken"})
		case mode == "large":
			fmt.Println(told("too large", http.MethodPost, this+"/response", strings.Repeat("x", 6*1024*1024+101)))
		case after != "":
			call(http.MethodPost, this+"/response", `"`+after+`"`, nil)
		default:
			all := []string{
				told("next while it runs", http.MethodGet, "invocation/next", ""),
				told("response to another", http.MethodPost, "invocation/other/response", "{}"),
				told("error of another", http.MethodPost, "invocation/other/error", "{}"),
				told("init error", http.MethodPost, "init/error", "{}"),
				told("nowhere", http.MethodGet, "nowhere", ""),
			}
			call(http.MethodPost, this+"/response", `"`+strings.Join(all, "|")+`"`, nil)
			after = told("a second response", http.MethodPost, this+"/response", "{}")
		}
	}
}
