package wire_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// checkAnswer asserts what holds for the answer to any request: it blames the
// sender or nobody, it has an id, and its body is what its header says.
func checkAnswer(t *testing.T, resp *wire.Response) {
	t.Helper()
	if resp.Status < 200 || resp.Status >= 500 && resp.Status != http.StatusNotImplemented {
		t.Errorf("status = %d, body %q", resp.Status, resp.Body)
	}
	if resp.Header.Get("X-Amzn-Requestid") == "" && resp.Header.Get("X-Amz-Request-Id") == "" {
		t.Error("the answer has no request id")
	}
	if len(resp.Body) == 0 {
		return
	}
	switch kind := resp.Header.Get("Content-Type"); {
	case strings.Contains(kind, "json"):
		if !json.Valid(resp.Body) {
			t.Errorf("not JSON: %q", resp.Body)
		}
	case strings.Contains(kind, "xml"):
		for d := xml.NewDecoder(strings.NewReader(string(resp.Body))); ; {
			if _, err := d.Token(); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Errorf("not XML (%v): %q", err, resp.Body)
				}
				return
			}
		}
	case strings.Contains(kind, "cbor"):
		if _, err := cbor.Decode(resp.Body); err != nil {
			t.Errorf("not CBOR (%v): %x", err, resp.Body)
		}
	default:
		t.Errorf("content type %q of %q", kind, resp.Body)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("dynamodb", "DynamoDB_20120810.PutItem", `{"TableName":"t","Item":{"k":{"M":{"l":{"L":[{"S":"x"},{"BS":["AA=="]}]}}}}}`)
	f.Add("ecs", "AmazonEC2ContainerServiceV20141113.CreateService", `{"serviceName":"s","desiredCount":1e3,"tags":[null,{"key":"k"}]}`)
	f.Add("states", "AWSStepFunctions.StartExecution", `{"stateMachineArn":"arn","name":"\ud800"}`)
	f.Add("sqs", "AmazonSQS.SendMessage", `{"QueueUrl":"q","MessageBody":"b","MessageAttributes":{"":{}}}`)
	f.Add("monitoring", "GraniteServiceVersion20100801.PutMetricData", `{"Namespace":"n","MetricData":[{"MetricName":"m","Value":"NaN","Timestamp":1e300}]}`)
	f.Add("ecs", "no dot", `[]`)
	f.Fuzz(func(t *testing.T, service, target, body string) {
		checkAnswer(t, send(t, jsonRequest(service, target, body)))
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("elasticloadbalancing", "Action=ModifyRule&Version=2015-12-01&RuleArn=r&Actions.member.1.Type=forward&Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight=1")
	f.Add("elasticloadbalancing", "Action=CreateTargetGroup&Name=n&Tags.member.4294967295.Key=k&Tags.member.01.Key=&Tags=")
	f.Add("monitoring", "Action=PutMetricData&Version=2010-08-01&Namespace=n&MetricData.member.1.Timestamp=2026-01-01T00:00:00Z&MetricData.member.1.Value=1e999")
	f.Add("sts", "Action=GetCallerIdentity&Version=2011-06-15")
	f.Add("", "Action=&.=&..=;%")
	f.Fuzz(func(t *testing.T, service, form string) {
		checkAnswer(t, send(t, formRequest(service, form)))
	})
}

func FuzzCBOR(f *testing.F) {
	add := func(v cbor.Value) { f.Add(cbor.Encode(v)) }
	add(cbor.Map{"Namespace": cbor.String("n"), "MetricData": cbor.List{cbor.Map{
		"MetricName": cbor.String("m"), "Value": cbor.Float64(1), "Timestamp": &cbor.Tag{ID: 1, Value: cbor.Uint(1)},
		"Values": cbor.List{cbor.NegInt(1), &cbor.Nil{}},
	}}})
	f.Add([]byte{0xbf, 0x69, 'N', 'a', 'm', 'e', 's', 'p', 'a', 'c', 'e', 0x7f, 0x61, 'n', 0xff, 0xff})
	f.Add([]byte(strings.Repeat("\x81", 1000)))
	f.Add([]byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x9f, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		checkAnswer(t, send(t, &wire.Request{
			ID: "id", Method: http.MethodPost, Path: "/service/GraniteServiceVersion20100801/operation/PutMetricData",
			Header: http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}}, Body: body,
		}))
	})
}

func FuzzREST(f *testing.F) {
	f.Add("lambda", "POST", "localhost", "/2015-03-31/functions/web/invocations", "Qualifier=1", "X-Amz-Invocation-Type", "Event", []byte("{}"))
	f.Add("lambda", "POST", "localhost", "/2015-03-31/functions", "", "", "", []byte(`{"FunctionName":"f","Code":{"ZipFile":"AA=="},"Role":"r"}`))
	f.Add("scheduler", "POST", "localhost", "/schedules/a%2Fb", "", "", "", []byte(`{"FlexibleTimeWindow":{"Mode":"OFF"}}`))
	f.Add("s3", "PUT", "bucket.localhost", "/key", "x-id=PutObject", "X-Amz-Meta-A", "b", []byte("body"))
	f.Add("s3", "PUT", "localhost", "/bucket", "", "", "", []byte(`<C xmlns="x"><LocationConstraint>eu-west-1</LocationConstraint></C>`))
	f.Add("s3", "PUT", "localhost", "/b/k", "", "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", []byte("1\r\na\r\n0\r\nx-amz-checksum-crc32:x\r\n\r\n"))
	f.Add("", "GET", "[::1]:1", "//%zz", "%zz", "Content-Encoding", "gzip", []byte(nil))
	f.Fuzz(func(t *testing.T, service, method, host, path, query, name, value string, body []byte) {
		header := http.Header{"Authorization": {signed(service)}}
		header.Set(name, value)
		checkAnswer(t, send(t, &wire.Request{
			ID: "id", Method: method, Host: host, Path: path, Query: query, Header: header, Body: body,
		}))
	})
}

// FuzzAuthorization takes a credential scope apart.
func FuzzAuthorization(f *testing.F) {
	f.Add(signed("ecs"), "")
	f.Add("AWS4-HMAC-SHA256 Credential=////", "X-Amz-Credential="+base64.StdEncoding.EncodeToString([]byte("a/b")))
	f.Fuzz(func(t *testing.T, authorization, query string) {
		r := jsonRequest("ecs", "AmazonEC2ContainerServiceV20141113.CreateService", `{"serviceName":"s"}`)
		r.Header.Set("Authorization", authorization)
		r.Query = query
		checkAnswer(t, send(t, r))
	})
}
