package awsclient_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sluice-deploy/sluice/internal/awsclient"
)

// counted is a connection that counts what is written at once.
type counted struct {
	net.Conn

	writes *atomic.Int32
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// A request goes out in one piece, so that nothing of it is left to be read when the
// answer comes. As the SDK's client sends it, it does not: should that change, Whole can go.
func TestWhole(t *testing.T) {
	t.Parallel()
	var writes atomic.Int32
	sdk := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		dial := tr.DialContext
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return counted{conn, &writes}, err
		}
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"TableNames":["one"]}`)) // the test sees it where it is lost
	}))
	t.Cleanup(server.Close)
	for _, c := range []struct {
		client aws.HTTPClient
		want   int32
	}{{awsclient.Whole(sdk), 1}, {sdk, 2}} {
		client := dynamodb.New(dynamodb.Options{
			Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: c.client, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		})
		for range 3 {
			writes.Store(0)
			out, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
			if err != nil || len(out.TableNames) != 1 {
				t.Fatalf("%v, %v", out, err)
			}
			if got := writes.Load(); got != c.want {
				t.Errorf("%T wrote %d pieces, want %d", c.client, got, c.want)
			}
		}
	}
}
