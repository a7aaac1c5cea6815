package sandbox_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
)

// left is the processes of this machine that have a variable of a value.
func left(t *testing.T, variable string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // a process of this machine
		if err == nil && strings.Contains("\x00"+string(text), "\x00"+variable+"\x00") {
			left = append(left, file)
		}
	}
	return left
}

// A host that is closed while processes start and run leaves none behind, and starts
// none after.
func TestCloseLeavesNoProcess(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		t.Run(fmt.Sprint(round, " started"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(rw, "ok") })
			mark := t.TempDir()
			w.register(mode("calls", "MARK", mark))
			const invocations = 12
			w.loop.Do(func() {
				for range invocations {
					w.service.Invoke("f", []byte(`{}`), func(lambda.Result) {})
				}
			})
			// In each round it is closed at another point of their start.
			eventually(t, "a process", func() bool { return w.host.Processes() >= round })
			w.host.Close()
			if got := left(t, "MARK="+mark); len(got) > 0 {
				t.Errorf("it left %q", got)
			}
			if _, err := w.host.Package(pack(t, "bootstrap", "late", 0o755)); err == nil {
				t.Error("a closed host took a package, want an error")
			}
		})
	}
}

// However many processes run, end and begin anew, none of those that run has a request
// to the cloud cut off: a client that does not repeat one sees no error.
func TestNoRequestIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(rw, r.Host) })
	const functions, invokers, rounds = 3, 3, 6
	var running sync.WaitGroup
	for f := range functions {
		name := fmt.Sprint("f", f)
		w.registerAs(name, mode("calls"))
		for i := range invokers {
			running.Go(func() {
				for round := range rounds {
					if got := w.invoke(name, `{}`); string(got.Payload) != `"ok"` {
						t.Errorf("%s answers %s", name, got.Payload)
					}
					if i == 0 && round%3 == 2 { // what is idle ends; what runs goes on to its answer
						w.registerAs(name, mode("calls", "ROUND", fmt.Sprint(round)))
					}
				}
			})
		}
	}
	running.Wait()
}

// A process that ends while it says hello to a host of HTTPS is no fault of the cloud,
// which says nothing of it. Nothing runs beside it, as net/http's log is the program's.
func TestHandshakeCutOffIsNoFault(t *testing.T) {
	w := newWorld(t, nil)
	var said bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	defer slog.SetDefault(before)
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(w.endpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprint(conn, "CONNECT slack.com:443 HTTP/1.1\r\nHost: slack.com:443\r\n\r\n")
	if err == nil {
		_, err = bufio.NewReader(conn).ReadString('\n')
	}
	if err == nil {
		_, err = conn.Write([]byte{22, 3, 1}) // a record of TLS begins
	}
	if err == nil {
		err = conn.(*net.TCPConn).CloseWrite()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil { // until the proxy has closed it
		t.Fatal(err)
	}
	if said.Len() > 0 {
		t.Errorf("the cloud says %q, want nothing", said.String())
	}
}
