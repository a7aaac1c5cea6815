package sandbox

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/lambda"
	"github.com/sluice-deploy/sluice/internal/emulator/live/process"
)

// maxUnpacked is how large a package may be when it is unpacked.
// AWS: Lambda Developer Guide, Lambda quotas, deployment package size.
const maxUnpacked = 250 << 20

// errZip is what AWS says of what is no zip file.
var errZip = errors.New("Could not unzip uploaded file. Please check your file, then try to upload again.") //nolint:staticcheck // AWS's words

// Package unpacks a deployment package and gives it as a function's code.
func (h *Host) Package(pack []byte) (lambda.Code, error) {
	identity := lambda.Hash(pack)
	folder := filepath.Join(h.folder, strings.NewReplacer("/", "_", "+", "-", "=", "").Replace(identity))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed { // its folder is gone
		return lambda.Code{}, process.ErrClosed
	}
	err, known := h.packages[folder]
	if !known {
		err = unpack(pack, folder)
		h.packages[folder] = err
	}
	if err != nil {
		return lambda.Code{}, err
	}
	return lambda.Code{SHA256: identity, Size: int64(len(pack)), Start: h.starter(folder), Zip: pack}, nil
}

// unpack writes the files of a zip into a new folder, with their permissions.
func unpack(pack []byte, folder string) error {
	files, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return errZip
	}
	left := int64(maxUnpacked)
	for _, f := range files.File {
		if !filepath.IsLocal(f.Name) {
			return errZip
		}
		path := filepath.Join(folder, f.Name) //nolint:gosec // a local name
		if f.Mode().IsDir() {
			err = os.MkdirAll(path, 0o755) //nolint:gosec // a package's folders can be read by everybody, as on AWS
		} else {
			left, err = writeFile(f, path, left)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes one file, and gives how much more may be unpacked.
func writeFile(f *zip.File, path string, left int64) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // likewise
		return left, fmt.Errorf("unpack %s: %w", f.Name, err)
	}
	from, err := f.Open()
	if err != nil {
		return left, errZip
	}
	defer from.Close()                                                                    //nolint:errcheck // it was only read
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode()&fs.ModePerm) //nolint:gosec // a local name, in our folder
	if err != nil {
		return left, fmt.Errorf("unpack %s: %w", f.Name, err)
	}
	n, err := io.Copy(to, io.LimitReader(from, left+1))
	err = errors.Join(err, to.Close())
	switch {
	case err != nil:
		return left, errZip
	case n > left:
		return left, fmt.Errorf("Unzipped size must be smaller than %d bytes", maxUnpacked) //nolint:staticcheck // AWS's words
	}
	return left - n, nil
}
