package attribute

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// The range and precision of a number (AWS: DynamoDB Developer Guide, data types, Number).
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// Errors of numbers that DynamoDB cannot hold.
const (
	ErrOverflow  = RejectionError("Number overflow. Attempting to store a number with magnitude larger than supported range")
	ErrUnderflow = RejectionError("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	ErrPrecision = RejectionError("Attempting to store more than 38 significant digits in a Number")
)

var numeral = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$`)

// ParseNumber reads a number as DynamoDB does: at most 38 significant digits
// and a magnitude from 1E-130 to 9.99...E+125, or zero.
func ParseNumber(s string) (decimal.Decimal, error) {
	part := numeral.FindStringSubmatch(s)
	if part == nil || part[2]+part[3] == "" {
		if s == "" {
			return decimal.Zero, RejectionError("The parameter cannot be converted to a numeric value")
		}
		return decimal.Zero, Reject("The parameter cannot be converted to a numeric value: %s", s)
	}
	sign, whole, fraction, power := part[1], part[2], part[3], part[4]
	leading := strings.TrimLeft(whole+fraction, "0")
	digits := strings.TrimRight(leading, "0")
	if digits == "" {
		return decimal.Zero, nil
	}
	exponent, err := parseExponent(power)
	if err != nil {
		return decimal.Zero, err
	}
	coefficient, _ := new(big.Int).SetString(digits, 10)
	if sign == "-" {
		coefficient.Neg(coefficient)
	}
	exponent += len(leading) - len(digits) - len(fraction)
	return checkRange(coefficient, len(digits), exponent)
}

// parseExponent reads a power of ten; one of more than six digits is out of any range.
func parseExponent(power string) (int, error) {
	if power == "" {
		return 0, nil
	}
	magnitude := strings.TrimLeft(strings.TrimLeft(power, "+-"), "0")
	if len(magnitude) > 6 {
		if strings.HasPrefix(power, "-") {
			return 0, ErrUnderflow
		}
		return 0, ErrOverflow
	}
	exponent, err := strconv.Atoi(power)
	if err != nil {
		return 0, fmt.Errorf("read exponent %q: %w", power, err)
	}
	return exponent, nil
}

func checkRange(coefficient *big.Int, digits, exponent int) (decimal.Decimal, error) {
	switch magnitude := exponent + digits - 1; {
	case digits > maxDigits:
		return decimal.Zero, ErrPrecision
	case magnitude > maxExponent:
		return decimal.Zero, ErrOverflow
	case magnitude < minExponent:
		return decimal.Zero, ErrUnderflow
	}
	return decimal.NewFromBigInt(coefficient, int32(exponent)), nil //nolint:gosec // the range was checked
}

// Add is the sum of two numbers, Subtract their difference. A result that
// DynamoDB cannot hold is an error.
func Add(a, b *Number) (Value, error) {
	return calculate(a, b, decimal.Decimal.Add)
}

// Subtract is the difference of two numbers; see Add.
func Subtract(a, b *Number) (Value, error) {
	return calculate(a, b, decimal.Decimal.Sub)
}

func calculate(a, b *Number, operation func(a, b decimal.Decimal) decimal.Decimal) (Value, error) {
	left, err := ParseNumber(a.Value)
	if err != nil {
		return nil, err
	}
	right, err := ParseNumber(b.Value)
	if err != nil {
		return nil, err
	}
	result, err := ParseNumber(operation(left, right).String())
	if err != nil {
		return nil, err
	}
	return &Number{Value: result.String()}, nil
}

// compareNumbers orders two numbers in canonical form.
func compareNumbers(a, b string) int {
	if a == b {
		return 0
	}
	return decimal.RequireFromString(a).Cmp(decimal.RequireFromString(b))
}

// numberSize is the room a canonical number takes (AWS: DynamoDB Developer
// Guide, item sizes and formats): a byte, one for each two significant digits,
// and one for a minus.
func numberSize(s string) int {
	digits := strings.Trim(strings.Replace(s, ".", "", 1), "0-")
	size := (len(digits)+1)/2 + 1
	if strings.HasPrefix(s, "-") {
		size++
	}
	return size
}
