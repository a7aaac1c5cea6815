package cloudformation

import "regexp"

// place is where in which template an error is.
var place = regexp.MustCompile(`template \S+: |line \d+: `)

// plainText is an error without the place in the template, which CloudFormation
// does not tell.
func plainText(err error) string { return place.ReplaceAllString(err.Error(), "") }
