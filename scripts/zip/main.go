// Command zip packs the functions that scripts/build has built, as Lambda's
// provided.al2023 runtime wants them: a zip each, with the executable bootstrap in
// it and nothing else. The same executables give the same bytes.
//
//	zip LARGEST FOLDER DIST
//
// packs every file of FOLDER as DIST/<name>.zip and prints each with its size. A
// zip of more than LARGEST bytes fails.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "zip:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("wanted LARGEST, FOLDER and DIST, not %d arguments", len(args))
	}
	largest, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("LARGEST: %w", err)
	}
	folder, dist := args[1], args[2]
	built, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("list what was built: %w", err)
	}
	for _, e := range built {
		executable, err := os.ReadFile(filepath.Join(folder, e.Name())) //nolint:gosec // the folder that was given
		if err != nil {
			return fmt.Errorf("read what was built: %w", err)
		}
		packed, err := pack(executable)
		if err != nil {
			return fmt.Errorf("pack %s: %w", e.Name(), err)
		}
		file := filepath.Join(dist, e.Name()+".zip")
		if len(packed) > largest {
			return fmt.Errorf("%s would have %d bytes, more than the %d that a function may have", file, len(packed), largest)
		}
		if err := replace(file, packed); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%6.2f MB  %s\n", float64(len(packed))/1e6, file); err != nil {
			return fmt.Errorf("say what was packed: %w", err)
		}
	}
	return nil
}

// pack is the zip. Lambda runs bootstrap from where it unpacks it, so it has to be
// executable for everyone; the time is the earliest that a zip can hold.
// AWS: Lambda Developer Guide, Building a custom runtime; Deploy Go Lambda functions
// with .zip file archives.
func pack(executable []byte) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err != nil {
		return nil, fmt.Errorf("begin bootstrap: %w", err)
	}
	if _, err := w.Write(executable); err != nil {
		return nil, fmt.Errorf("write bootstrap: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("close: %w", err)
	}
	return out.Bytes(), nil
}

// replace writes the file in one step, so that a build that is cut off leaves no
// half of one.
func replace(file string, content []byte) error {
	part := file + ".part"
	if err := os.WriteFile(part, content, 0o644); err != nil { //nolint:gosec // a build's result, for anyone to read
		return fmt.Errorf("write: %w", err)
	}
	if err := os.Rename(part, file); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
