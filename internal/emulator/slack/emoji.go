package slack

import "regexp"

var shortcode = regexp.MustCompile(`:[a-z0-9_+-]+:`)

// withEmoji replaces the shortcodes that are known. Others stay text.
func withEmoji(text string) string {
	known := emoji()
	return shortcode.ReplaceAllStringFunc(text, func(code string) string {
		if sign, ok := known[code[1:len(code)-1]]; ok {
			return sign
		}
		return code
	})
}

// emoji are signs by Slack's shortcode: those that messages about deployments use.
func emoji() map[string]string {
	return map[string]string{
		"+1": "👍", "-1": "👎", "thumbsup": "👍", "thumbsdown": "👎", "tada": "🎉", "eyes": "👀", "rocket": "🚀",
		"white_check_mark": "✅", "heavy_check_mark": "✔️", "x": "❌", "warning": "⚠️", "no_entry": "⛔",
		"octagonal_sign": "🛑", "rotating_light": "🚨", "fire": "🔥", "bell": "🔔", "lock": "🔒", "package": "📦",
		"large_green_circle": "🟢", "large_yellow_circle": "🟡", "large_orange_circle": "🟠", "red_circle": "🔴",
		"large_blue_circle": "🔵", "white_circle": "⚪", "large_green_square": "🟩", "large_blue_square": "🟦",
		"white_large_square": "⬜", "hourglass": "⌛", "hourglass_flowing_sand": "⏳", "stopwatch": "⏱️",
		"arrows_counterclockwise": "🔄", "rewind": "⏪", "leftwards_arrow_with_hook": "↩️", "arrow_forward": "▶️",
		"double_vertical_bar": "⏸️", "memo": "📝", "mag": "🔍", "link": "🔗", "raised_hand": "✋",
		"chart_with_upwards_trend": "📈", "bust_in_silhouette": "👤", "busts_in_silhouette": "👥",
	}
}
