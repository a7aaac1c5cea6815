package lambda

import "github.com/sluice-deploy/sluice/internal/emulator/iam/policy"

// Policy is the resource policy of the function, version or alias with this ARN; nil if
// it has none.
func (s *Service) Policy(arn string) *policy.Document {
	t, err := s.find(arn, "")
	if err != nil {
		return nil
	}
	own := t.own()
	if own.read == nil && len(own.policy) > 0 {
		if own.read, err = policy.Parse(encodePolicy(own.policy), policy.Resource); err != nil {
			panic("lambda: a policy that was accepted cannot be read: " + err.Error())
		}
	}
	return own.read
}
