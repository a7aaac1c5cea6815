package pattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// addresses matches strings that are an IP address of a network.
type addresses struct {
	network netip.Prefix
}

func (m addresses) match(v value) bool {
	if !v.isString {
		return false
	}
	addr, ok := address(v.text)
	return ok && m.network.Contains(addr)
}

func address(s string) (netip.Addr, bool) {
	if !looksLikeAddress(s) {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap(), err == nil
}

// looksLikeAddress reports whether s has the characters of an address, which
// decides between two of Ruler's messages.
func looksLikeAddress(s string) bool {
	if parts := strings.Split(s, "."); len(parts) == 4 {
		for _, part := range parts {
			if part == "" || strings.Trim(part, "0123456789") != "" {
				return false
			}
		}
		return true
	}
	return strings.Contains(s, ":") && strings.Trim(s, "0123456789abcdefABCDEF:") == ""
}

// network reads the argument of "cidr".
func network(cidr string) (matcher, error) {
	base, mask, found := strings.Cut(strings.TrimRight(cidr, "/"), "/")
	if !found || strings.Contains(mask, "/") {
		return nil, invalid("Malformed CIDR, one '/' required")
	}
	bits, err := strconv.Atoi(mask)
	switch {
	case err != nil:
		return nil, invalid("Malformed CIDR, mask bits must be an integer")
	case bits < 0:
		return nil, invalid("Malformed CIDR, mask bits must not be negative")
	case !looksLikeAddress(base):
		return nil, invalid("Nonstandard IP address: %s", base)
	}
	addr, ok := address(base)
	switch {
	case !ok:
		return nil, invalid("Invalid IP address: %s", base)
	case addr.Is4() && bits > 31:
		return nil, invalid("IPv4 mask bits must be < 32")
	case bits > 127:
		return nil, invalid("IPv6 mask bits must be < 128")
	}
	return addresses{netip.PrefixFrom(addr, bits).Masked()}, nil
}
