package conformance_test

import "testing"

// TestEveryOperationIsTold wants of every emulated operation a call that succeeds
// and one that fails. A call to an operation that the cloud does not serve would
// fail in TestEmulator, and one that it serves is listed, because its model is
// made from the list.
func TestEveryOperationIsTold(t *testing.T) {
	t.Parallel()
	succeeds, failing := map[string]bool{}, map[string]bool{}
	for _, s := range stories() {
		for _, st := range s.steps {
			switch {
			case st.in == nil:
			case st.code == "":
				succeeds[st.operation()] = true
			default:
				failing[st.operation()] = true
			}
		}
	}
	for _, o := range listed(t) {
		if !succeeds[o.String()] {
			t.Errorf("no story has %s succeed", o)
		}
		if !failing[o.String()] {
			t.Errorf("no story has %s fail", o)
		}
		delete(succeeds, o.String())
		delete(failing, o.String())
	}
	for unlisted := range succeeds {
		t.Errorf("%s is told but not listed in operations.txt", unlisted)
	}
}

// TestNotesNameTheirSource wants an AWS source in every note on moto_server.
func TestNotesNameTheirSource(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, s := range stories() {
		if names[s.name] {
			t.Errorf("two stories are named %s", s.name)
		}
		names[s.name] = true
		for _, note := range s.notes() {
			if !hasSource(note) {
				t.Errorf("%s: the note %q does not say which source decides, after \"AWS:\"", s.name, note)
			}
		}
	}
}
