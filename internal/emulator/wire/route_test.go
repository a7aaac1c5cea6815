package wire_test

import (
	"net/http"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	type call struct{ Service, Operation, AccessKey, Region string }
	tests := map[string]struct {
		request wire.Request
		want    call
	}{
		"JSON": {
			wire.Request{Method: "POST", Path: "/", Header: http.Header{
				"Authorization": {signed("dynamodb")}, "X-Amz-Target": {"DynamoDB_20120810.PutItem"},
			}},
			call{"dynamodb", "PutItem", "AKIDEXAMPLE", "us-east-1"},
		},
		"Unsigned": {
			wire.Request{Method: "POST", Path: "/", Header: http.Header{"X-Amz-Target": {"DynamoDB_20120810.PutItem"}}},
			call{"dynamodb", "PutItem", "", "us-east-1"},
		},
		"CBOR": {
			wire.Request{Method: "POST", Path: "/service/GraniteServiceVersion20100801/operation/PutMetricData"},
			call{"cloudwatch", "PutMetricData", "", "us-east-1"},
		},
		"CloudWatchJSON": {
			wire.Request{Method: "POST", Path: "/", Header: http.Header{"X-Amz-Target": {"GraniteServiceVersion20100801.PutMetricData"}}},
			call{"cloudwatch", "PutMetricData", "", "us-east-1"},
		},
		"Query": {
			*formRequest("monitoring", "Action=PutMetricData&Version=2010-08-01"),
			call{"cloudwatch", "PutMetricData", "AKIDEXAMPLE", "us-east-1"},
		},
		"QueryByGET": {
			wire.Request{
				Method: "GET", Path: "/",
				Query: "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=AKIDOTHER%2F20260101%2Feu-west-1%2Fsts%2Faws4_request",
			},
			call{"sts", "GetCallerIdentity", "AKIDOTHER", "eu-west-1"},
		},
		"RESTJSON": {
			wire.Request{Method: "POST", Path: "/2015-03-31/functions/web/invocations", Header: http.Header{"Authorization": {signed("lambda")}}},
			call{"lambda", "Invoke", "AKIDEXAMPLE", "us-east-1"},
		},
		"UnsignedREST": {
			wire.Request{Method: "POST", Path: "/2015-03-31/functions/web/invocations"},
			call{"lambda", "Invoke", "", "us-east-1"},
		},
		"S3Path": {
			wire.Request{Method: "PUT", Host: "localhost:4566", Path: "/bucket/a/b", Header: http.Header{"Authorization": {signed("s3")}}},
			call{"s3", "PutObject", "AKIDEXAMPLE", "us-east-1"},
		},
		"S3VirtualHost": {
			wire.Request{Method: "PUT", Host: "bucket.localhost:4566", Path: "/", Header: http.Header{"Authorization": {signed("s3")}}},
			call{"s3", "CreateBucket", "AKIDEXAMPLE", "us-east-1"},
		},
		"S3NotCreateBucket": {
			wire.Request{Method: "PUT", Host: "s3.localhost", Path: "/bucket", Query: "versioning", Header: http.Header{"Authorization": {signed("s3")}}},
			call{"s3", "PutBucketVersioning", "AKIDEXAMPLE", "us-east-1"},
		},
		"S3NotPutObject": {
			wire.Request{Method: "PUT", Host: "localhost", Path: "/bucket/key", Header: http.Header{
				"Authorization": {signed("s3")}, "X-Amz-Copy-Source": {"/other/key"},
			}},
			call{"s3", "CopyObject", "AKIDEXAMPLE", "us-east-1"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.request.Header == nil {
				tc.request.Header = http.Header{}
			}
			c := wire.NewMux(account, region, emptyServices()...).Identify(&tc.request)
			got := call{c.Service, c.Operation, c.AccessKey, c.Region}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNotEmulatedIsRefusedByName(t *testing.T) {
	t.Parallel()
	rest := func(service, method, path, query string) *wire.Request {
		return &wire.Request{
			Method: method, Path: path, Query: query, Host: "localhost",
			Header: http.Header{"Authorization": {signed(service)}},
		}
	}
	tests := map[string]struct {
		request *wire.Request
		status  int
		parts   []string
	}{
		"Operation": {
			jsonRequest("ecs", "AmazonEC2ContainerServiceV20141113.CreateTaskSet", "{}"), 400,
			[]string{"UnknownOperationException", "the operation CreateTaskSet of the service ecs is not emulated"},
		},
		"ErrNoSuchOperation": {
			jsonRequest("ecs", "AmazonEC2ContainerServiceV20141113.Deploy", "{}"), 400,
			[]string{"UnknownOperationException", `the service ecs has no operation \"Deploy\"`},
		},
		"ErrNoOperation": {
			jsonRequest("dynamodb", "", "{}"), 400,
			[]string{"com.amazon.coral.service#UnknownOperationException", "names no operation of the service dynamodb"},
		},
		"ErrOtherServicesTarget": {
			jsonRequest("ecs", "DynamoDB_20120810.PutItem", "{}"), 400, []string{"UnknownOperationException"},
		},
		"Service": {
			jsonRequest("kinesis", "Kinesis_20131202.PutRecord", "{}"), 400,
			[]string{"UnknownServiceException", `the service \"kinesis\" is not emulated`},
		},
		"Query": {
			formRequest("elasticloadbalancing", "Action=CreateTrustStore&Version=2015-12-01"), 400,
			[]string{"<Code>InvalidAction</Code>", "the operation CreateTrustStore of the service elbv2 is not emulated"},
		},
		"RESTJSON": {
			rest("lambda", "GET", "/2019-09-30/functions/web/concurrency", ""), 404,
			[]string{"is not emulated"},
		},
		"S3": {
			rest("s3", "GET", "/bucket", "versions"), 501,
			[]string{"<Code>NotImplemented</Code>", "the operation ListObjectVersions of the service s3 is not emulated"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantAnswer(t, send(t, tc.request), tc.status, tc.parts...)
		})
	}
}

func TestUnknownCBOROperation(t *testing.T) {
	t.Parallel()
	resp := send(t, &wire.Request{
		Method: "POST", Path: "/service/GraniteServiceVersion20100801/operation/PutDashboard", Header: http.Header{},
	})
	got, err := cbor.Decode(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := cbor.Map{
		"__type":  cbor.String("com.amazonaws.cloudwatch#UnknownOperationException"),
		"message": cbor.String("the operation PutDashboard of the service cloudwatch is not emulated"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}
