package demo

import (
	"os"
	"strconv"
	"strings"
)

// peakMemory is the most memory that this process has held, in bytes; 0 if that is
// not known. Source: proc(5), VmHWM of /proc/self/status.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
