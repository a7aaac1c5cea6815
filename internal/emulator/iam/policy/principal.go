package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-deploy/sluice/internal/emulator/partition"
)

// principals are the Principal or NotPrincipal of a statement.
// AWS: IAM User Guide, AWS JSON policy elements: Principal.
type principals struct {
	not      bool
	everyone bool
	aws      []string // account ids and ARNs
	services []string
	// federated are ARNs of identity providers.
	federated []string
}

// accountID is the form of the id of an account.
var accountID = regexp.MustCompile(`^\d{12}$`)

// principalARN is the form of the ARNs of users, roles, sessions and accounts.
var principalARN = regexp.MustCompile(`^arn:aws(?:-cn|-us-gov)?:(iam::\d{12}:(root|user/.+|role/.+)|sts::\d{12}:(assumed-role/[^/]+/[^/]+|federated-user/.+))$`)

func parsePrincipals(raw json.RawMessage, not bool) (*principals, error) {
	p := &principals{not: not}
	var all string
	if json.Unmarshal(raw, &all) == nil {
		if all != "*" {
			return nil, malformed("Invalid principal in policy: %q", all)
		}
		p.everyone = true
		return p, nil
	}
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(raw, &kinds); err != nil || len(kinds) == 0 {
		return nil, malformed("Invalid principal in policy")
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		names, err := stringsOf(kinds[kind])
		if err != nil || len(names) == 0 {
			return nil, malformed("Invalid principal in policy: %q", kind)
		}
		for _, name := range names {
			if err := p.add(kind, name); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func (p *principals) add(kind, name string) error {
	valid := true
	switch kind {
	case "AWS":
		p.everyone = p.everyone || name == "*"
		valid = name == "*" || accountID.MatchString(name) || principalARN.MatchString(name)
		p.aws = append(p.aws, name)
	case "Service":
		valid = strings.HasSuffix(name, ".amazonaws.com") || name == "*"
		p.services = append(p.services, name)
	case "Federated":
		p.federated = append(p.federated, name)
	case "CanonicalUser": // nobody comes here with such credentials
	default:
		valid = false
	}
	if !valid {
		return malformed("Invalid principal in policy: %s", fmt.Sprintf("%q:%q", kind, name))
	}
	return nil
}

func (p *principals) matches(who Principal) recipient {
	if p.not {
		if p.exempts(who) {
			return toNobody
		}
		return toPrincipal
	}
	switch {
	case p.everyone:
		return toPrincipal
	case who.Service != "":
		if slices.Contains(p.services, who.Service) || slices.Contains(p.services, "*") {
			return toPrincipal
		}
		return toNobody
	case who.ARN == "":
		if who.Provider != "" && slices.Contains(p.federated, who.Provider) {
			return toPrincipal
		}
		return toNobody
	case p.names(who.ARN) || who.Role != "" && p.names(who.Role):
		return toPrincipal
	case p.namesAccount(who):
		return toAccount
	}
	return toNobody
}

// exempts tells whether NotPrincipal leaves somebody out: it has to name the
// account, the user or the role, and the session too (AWS: IAM User Guide, AWS JSON
// policy elements: NotPrincipal).
func (p *principals) exempts(who Principal) bool {
	if who.Service != "" {
		return p.everyone || slices.Contains(p.services, who.Service)
	}
	named := p.names(who.ARN) && p.namesAccount(who)
	return p.everyone || named && (who.Role == "" || p.names(who.Role))
}

func (p *principals) names(arn string) bool { return slices.Contains(p.aws, arn) }

func (p *principals) namesAccount(of Principal) bool {
	return slices.Contains(p.aws, of.Account) || slices.Contains(p.aws, partition.SameRoot(of.ARN, of.Account))
}

// Principals are the ARNs of users, roles, sessions and accounts that the document names
// as principals.
func (d *Document) Principals() []string {
	var arns []string
	for _, s := range d.statements {
		if s.principals == nil {
			continue
		}
		for _, name := range s.principals.aws {
			if strings.HasPrefix(name, "arn:") {
				arns = append(arns, name)
			}
		}
	}
	return arns
}
