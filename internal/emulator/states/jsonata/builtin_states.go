package jsonata

import (
	"crypto/md5"  //nolint:gosec // $hash offers it
	"crypto/sha1" //nolint:gosec // $hash offers it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"math"
	"strconv"
)

// statesFunction are the functions that Step Functions adds to JSONata (Step
// Functions Developer Guide, "JSONata functions provided by Step Functions"),
// and those of JSONata that look outside: at the time.
func statesFunction(name string) *function {
	switch name {
	case "parse":
		return fixed(1, parse)
	case "partition":
		return fixed(2, partition)
	case "range":
		return fixed(3, steppedRange)
	case "hash":
		return fixed(2, hash)
	case "random":
		return between(0, 1, random)
	case "uuid":
		return fixed(0, func(r *evaluation, _ []any) (any, error) { return uuid(r.env.ID(32)), nil })
	case "now":
		return between(0, 2, func(r *evaluation, args []any) (any, error) {
			return fromMillis(r, []any{float64(r.env.Now.UnixMilli()), args[0], args[1]})
		})
	case "millis":
		return fixed(0, func(r *evaluation, _ []any) (any, error) { return float64(r.env.Now.UnixMilli()), nil })
	case "fromMillis":
		return onContext(between(1, 3, fromMillis))
	case "toMillis":
		return onContext(between(1, 2, toMillis))
	default:
		return nil
	}
}

func parse(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("parse", args, 1)
	if err != nil {
		return nil, err
	}
	if err := r.charge(len(s)); err != nil {
		return nil, err
	}
	v, err := Decode(s)
	if err != nil {
		return nil, errorf("", "Unable to parse %s as JSON", quote(s))
	}
	return v, nil
}

func partition(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	items, err := argument[[]any]("partition", args, 1)
	if err != nil {
		return nil, err
	}
	n, err := argument[float64]("partition", args, 2)
	if err != nil {
		return nil, err
	}
	if n = math.Trunc(n); n < 1 {
		return nil, mismatch(2, "partition")
	}
	chunks := []any{}
	for start := 0; start < len(items); start += int(n) {
		chunks = append(chunks, append([]any{}, items[start:min(start+int(n), len(items))]...))
	}
	return chunks, r.charge(len(items))
}

// steppedRange gives the numbers from the first to at most the second argument.
// A single one comes as that number, as recorded on AWS. What is no integer loses
// its fraction, as measured on AWS (floci-io/floci, pull request 2676).
func steppedRange(r *evaluation, args []any) (any, error) {
	var bounds [3]float64
	for i := range bounds {
		f, err := argument[float64]("range", args, i+1)
		if err != nil {
			return nil, err
		}
		bounds[i] = math.Trunc(f)
	}
	from, to, by := bounds[0], bounds[1], bounds[2]
	if by == 0 {
		return nil, mismatch(3, "range")
	}
	n := math.Floor((to-from)/by) + 1
	if n > maxSteps {
		return nil, errorf("", "$range gives more than %d items", maxSteps)
	}
	if err := r.charge(int(max(n, 0))); err != nil {
		return nil, err
	}
	var all sequence
	for i := 0.0; i < n; i++ {
		all.add(from + i*by)
	}
	return all.value(), nil
}

func hash(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	s, err := argument[string]("hash", args, 1)
	if err != nil {
		return nil, err
	}
	algorithm, err := argument[string]("hash", args, 2)
	if err != nil {
		return nil, err
	}
	var sum []byte
	switch algorithm {
	case "MD5":
		fixed := md5.Sum([]byte(s)) //nolint:gosec // asked for
		sum = fixed[:]
	case "SHA-1":
		fixed := sha1.Sum([]byte(s)) //nolint:gosec // asked for
		sum = fixed[:]
	case "SHA-256":
		fixed := sha256.Sum256([]byte(s))
		sum = fixed[:]
	case "SHA-384":
		fixed := sha512.Sum384([]byte(s))
		sum = fixed[:]
	case "SHA-512":
		fixed := sha512.Sum512([]byte(s))
		sum = fixed[:]
	default:
		return nil, mismatch(2, "hash")
	}
	return hex.EncodeToString(sum), nil
}

// random is in [0, 1). With a seed it is the first number of Java's
// java.util.Random, as measured on AWS (floci-io/floci, issue 2662).
func random(r *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return fraction(r.env.ID(13)), nil
	}
	seed, isInt := integer(args[0])
	if !isInt {
		return nil, mismatch(1, "random")
	}
	return seeded(int64(seed)), nil
}

// seeded is the first nextDouble of a java.util.Random with the seed: a linear
// congruential generator of 48 bits, of which two draws make 53 (Java SE API,
// java.util.Random).
func seeded(seed int64) float64 {
	const multiplier, mask = 0x5DEECE66D, 1<<48 - 1
	state := (seed ^ multiplier) & mask
	next := func(bits int) int64 {
		state = (state*multiplier + 0xB) & mask
		return state >> (48 - bits)
	}
	high := next(26) << 27
	return float64(high+next(27)) / (1 << 53)
}

// fraction makes a number in [0, 1) of 13 hexadecimal characters.
func fraction(id string) float64 {
	n, err := strconv.ParseUint(id, 16, 64)
	if err != nil {
		return 0
	}
	return float64(n) / (1 << 52)
}

func uuid(id string) string {
	return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-a" + id[17:20] + "-" + id[20:]
}
