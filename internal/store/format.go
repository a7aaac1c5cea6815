package store

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Format is the format of the items that this code writes, and of what the state
// machine sends to it. Raise it when code of the format before would misread or damage
// what is written now (docs/decisions/11-formats.md); what is only added needs no new
// one. Code reads every older format.
const Format = 1

const formatName = "format"

// notNewer is the condition of every write on an item that may be there: only code that
// can read an item changes it.
const notNewer = "(attribute_not_exists(#format) OR #format <= :format)"

// mark makes an update's condition hold only for an item that is not newer, and the item
// one of this format: part of it is, so only code that knows it may read it.
func (s *Store) mark(u *update) {
	const marked = "SET #format = :format"
	if rest, sets := strings.CutPrefix(u.set, "SET "); sets {
		u.set = marked + ", " + rest
	} else {
		u.set = marked + " " + u.set
	}
	u.condition = notNewer + " AND (" + u.condition + ")"
	u.values[":format"] = s.Format
}

func (s *Store) known() item {
	return item{":format": &types.AttributeValueMemberN{Value: strconv.Itoa(s.Format)}}
}

// readable is NewerFormat for an item that only newer code can read.
func (s *Store) readable(it item) error {
	n, ok := it[formatName].(*types.AttributeValueMemberN)
	if !ok {
		return nil // written before items had a format, or no item
	}
	format, err := strconv.Atoi(n.Value)
	if err != nil {
		return rollout.Errorf(rollout.KindInternal, "an item in the table cannot be read: format %q: %w", n.Value, err)
	}
	return Readable("an item in the table", format, s.Format)
}

// Readable is NewerFormat when what is of a newer format than the one that is known.
func Readable(what string, format, known int) error {
	if format <= known {
		return nil
	}
	return rollout.Errorf(rollout.KindNewerFormat,
		"%s has format %d, and this Sluice knows none above %d: a newer Sluice was here. Install that one again; what runs waits for it",
		what, format, known)
}
