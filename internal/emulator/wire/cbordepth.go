package wire

import (
	"encoding/binary"
	"errors"
	"math"
)

// maxCBORDepth bounds how deep items may stand in each other. smithy-go's decoder
// has no bound of its own.
const maxCBORDepth = 256

// indefinite is the number of items in a container that ends with a break.
const indefinite = -1

// cborWalk goes over the heads of all items of a document, without building
// anything, and keeps the number of items still to come in each open container.
type cborWalk struct {
	rest []byte
	open []int64
}

// checkCBORDepth reports whether bytes are one CBOR item that is not too deep.
func checkCBORDepth(b []byte) error {
	w := cborWalk{rest: b}
	for {
		if err := w.item(); err != nil {
			return err
		}
		if len(w.open) == 0 {
			break
		}
	}
	if len(w.rest) > 0 {
		return errors.New("read CBOR: something follows the document")
	}
	return nil
}

// item walks over the next head and the bytes that belong to it.
func (w *cborWalk) item() error {
	head, err := readCBORHead(w.rest)
	if err != nil {
		return err
	}
	w.rest = w.rest[head.size:]
	children := int64(0)
	switch head.major {
	case cborBreak:
		if len(w.open) == 0 || w.open[len(w.open)-1] != indefinite {
			return errors.New("read CBOR: a break outside of an indefinite item")
		}
		w.open = w.open[:len(w.open)-1]
	case 2, 3:
		children = head.argument
		if head.argument != indefinite {
			if head.argument > int64(len(w.rest)) {
				return errEarly()
			}
			w.rest, children = w.rest[head.argument:], 0
		}
	case 4:
		children = head.argument
	case 5:
		children = head.argument
		if children > 0 {
			children *= 2
		}
	case 6:
		children = 1
	}
	return w.enter(children)
}

// enter opens a container, or ends an item and all containers that it completes.
func (w *cborWalk) enter(children int64) error {
	if children != 0 {
		if len(w.open) == maxCBORDepth {
			return errors.New("read CBOR: too many items in each other")
		}
		w.open = append(w.open, children)
		return nil
	}
	for len(w.open) > 0 && w.open[len(w.open)-1] != indefinite {
		last := &w.open[len(w.open)-1]
		if *last--; *last > 0 {
			return nil
		}
		w.open = w.open[:len(w.open)-1]
	}
	return nil
}

func errEarly() error { return errors.New("read CBOR: the document ends early") }

// cborBreak stands in for a major type: it ends an indefinite item.
const cborBreak = 8

// cborHead is an item's first bytes (RFC 8949, section 3).
type cborHead struct {
	major    int
	argument int64 // indefinite, or the length or the number of items; of no use for numbers
	size     int
}

func readCBORHead(b []byte) (cborHead, error) {
	if len(b) == 0 {
		return cborHead{}, errEarly()
	}
	major, info := int(b[0]>>5), b[0]&31
	switch {
	case info < 24:
		return cborHead{major, int64(info), 1}, nil
	case info == 31 && major == 7:
		return cborHead{cborBreak, 0, 1}, nil
	case info == 31 && major >= 2 && major <= 5:
		return cborHead{major, indefinite, 1}, nil
	case info > 27:
		return cborHead{}, errors.New("read CBOR: a head that is reserved")
	}
	width := 1 << (info - 24)
	if len(b) < 1+width {
		return cborHead{}, errEarly()
	}
	var wide [8]byte
	copy(wide[8-width:], b[1:1+width])
	n := binary.BigEndian.Uint64(wide[:])
	if n > math.MaxInt32 && major >= 2 && major <= 5 {
		return cborHead{}, errors.New("read CBOR: an item longer than the document")
	}
	return cborHead{major, int64(n & math.MaxInt64), 1 + width}, nil //nolint:gosec // the mask makes it fit
}
