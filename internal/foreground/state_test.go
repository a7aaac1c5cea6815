package foreground

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-deploy/sluice/internal/emulator/dynamodb/attribute"
	"github.com/sluice-deploy/sluice/internal/rollout"
)

// Each kind of value comes back from the file as it was, the empty ones too.
func TestStateIsKept(t *testing.T) {
	t.Parallel()
	items := []attribute.Item{
		{"pk": &attribute.String{Value: "a"}, "n": &attribute.Number{Value: "12.50"}, "b": &attribute.Binary{Value: []byte{0, 255}}},
		{
			"pk": &attribute.String{Value: ""}, "yes": &attribute.Bool{Value: true}, "no": &attribute.Bool{}, "null": &attribute.Null{Value: true},
			"l":  &attribute.List{Value: []attribute.Value{&attribute.Map{Value: attribute.Item{}}, &attribute.List{Value: []attribute.Value{}}}},
			"m":  &attribute.Map{Value: attribute.Item{"x": &attribute.Number{Value: "0"}}},
			"ss": &attribute.StringSet{Value: []string{"p", "q"}}, "ns": &attribute.NumberSet{Value: []string{"1"}},
			"bs": &attribute.BinarySet{Value: [][]byte{{1}}}, "empty": &attribute.Binary{Value: []byte{}},
		},
	}
	file := filepath.Join(t.TempDir(), "a", "shop.json")
	s := opened(t, file)
	if err := s.save(items); err != nil {
		t.Fatal(err)
	}
	s.close()
	s = opened(t, file)
	defer s.close()
	if s.Starts != 2 {
		t.Errorf("it was started %d times, want 2", s.Starts)
	}
	ignored := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".noSmithyDocumentSerde" }, cmp.Ignore())
	if diff := cmp.Diff(items, s.Items, ignored, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

func opened(t *testing.T, file string) *state {
	t.Helper()
	s, err := open(file, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A file that another process has, that is another app's, or that cannot be read, is
// left as it is.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.json")
	s := opened(t, file)
	if err := s.save(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := open(file, "shop"); rollout.KindOf(err) != rollout.KindRefused {
		t.Errorf("a second process has it: %v", err)
	}
	s.close()
	if _, err := open(file, "other"); rollout.KindOf(err) != rollout.KindRefused {
		t.Errorf("another app has it: %v", err)
	}
	if err := os.WriteFile(file, []byte(`{"format":1,"app":"shop","items":[{"pk"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(file, "shop"); err == nil {
		t.Error("half a file is taken")
	}
	opened(t, filepath.Join(filepath.Dir(file), "new.json")).close()
}

// What cannot be written is told, and the file keeps what it had.
func TestSaveFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.json")
	s := opened(t, file)
	defer s.close()
	item := attribute.Item{"pk": &attribute.String{Value: "kept"}}
	if err := s.save([]attribute.Item{item}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file) //nolint:gosec // the test's
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file+".next", 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	if err := s.save(nil); err == nil {
		t.Error("it says that it was saved")
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) { //nolint:gosec // as above
		t.Errorf("the file is %s, %v; want it as it was", after, err)
	}
}
