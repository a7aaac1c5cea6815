package spec

import _ "time/tzdata" // a machine may have no time zones of its own
