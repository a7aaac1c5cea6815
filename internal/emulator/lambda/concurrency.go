package lambda

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

// Reserve sets concurrency aside for a function, all its versions together, and
// bounds it by that; nil is none. 0 throttles every invocation.
// AWS: Lambda Developer Guide, Configuring reserved concurrency.
func (s *Service) Reserve(function string, reserved *int) error {
	f, err := s.findFunction(function)
	if err == nil {
		err = s.checkReserved(f.name, reserved)
	}
	if err != nil {
		return err
	}
	f.reserved = reserved
	return nil
}

// checkReserved keeps 100 of the account's concurrency unreserved.
func (s *Service) checkReserved(name string, reserved *int) error {
	if reserved == nil {
		return nil
	}
	if *reserved < 0 {
		return invalidParameter("reserved concurrency %d is below 0", *reserved)
	}
	const unreservedMin = 100
	if left := s.unreserved(name) - *reserved; left < unreservedMin {
		return invalidParameter(
			"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreservedMin)
	}
	return nil
}

// unreserved is the concurrency that no function but the named one has reserved.
func (s *Service) unreserved(except string) int {
	left := s.deps.Concurrency
	if left == 0 {
		left = defaultConcurrency
	}
	for name, f := range s.functions {
		if name != except && f.reserved != nil {
			left -= *f.reserved
		}
	}
	return left
}

func (s *Service) putFunctionConcurrency(_ *wire.Call, in *lambda.PutFunctionConcurrencyInput) (*lambda.PutFunctionConcurrencyOutput, error) {
	if err := s.Reserve(*in.FunctionName, new(int(*in.ReservedConcurrentExecutions))); err != nil {
		return nil, err
	}
	return &lambda.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: in.ReservedConcurrentExecutions}, nil
}

func (s *Service) getFunctionConcurrency(_ *wire.Call, in *lambda.GetFunctionConcurrencyInput) (*lambda.GetFunctionConcurrencyOutput, error) {
	f, err := s.findFunction(*in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.reservedShown()}, nil
}

func (s *Service) deleteFunctionConcurrency(_ *wire.Call, in *lambda.DeleteFunctionConcurrencyInput) (*lambda.DeleteFunctionConcurrencyOutput, error) {
	return &lambda.DeleteFunctionConcurrencyOutput{}, s.Reserve(*in.FunctionName, nil)
}

// reservedShown is the reserved concurrency as the API has it.
func (f *function) reservedShown() *int32 {
	if f.reserved == nil {
		return nil
	}
	return new(int32(*f.reserved)) //nolint:gosec // at most the account's limit
}

// enter takes a place under the concurrency limits.
// AWS: Lambda Developer Guide, Understanding Lambda function scaling.
func (s *Service) enter(f *function) error {
	limit, running, reason := s.unreserved(""), s.running, types.ThrottleReasonConcurrentInvocationLimitExceeded
	if f.reserved != nil {
		limit, running = *f.reserved, f.running
		reason = types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded
	} else if running < limit {
		s.running++
	}
	if running >= limit {
		return &types.TooManyRequestsException{Message: new("Rate Exceeded."), Reason: reason, Type: new("User")}
	}
	f.running++
	return nil
}

// leave gives the place back, and the environment if it can be used again.
func (s *Service) leave(inv *Invocation, warm bool) {
	inv.function.running--
	if !inv.reserved {
		s.running--
	}
	h := inv.place.leave()
	switch {
	case h == nil, inv.fault.Zombie && !warm: // a zombie goes on where it is
	case warm:
		inv.version.keep(h)
	default:
		end(h)
	}
}
