package main

import (
	"math/rand/v2"
	"strings"
)

const (
	scalarRows   = 3400
	documentRows = 1900
)

// texts returns every text of the table, each once, in an order that never changes.
func texts() []string {
	random := rand.New(rand.NewPCG(6, 2026))
	var all []string
	seen := map[string]bool{}
	add := func(text string) {
		if !seen[text] && strings.ToValidUTF8(text, "") == text {
			seen[text] = true
			all = append(all, text)
		}
	}
	for _, scalar := range scalars() {
		for _, frame := range frames[:4] {
			add(strings.ReplaceAll(frame, "%", scalar))
		}
	}
	for len(all) < scalarRows {
		add(strings.ReplaceAll(frames[random.IntN(len(frames))], "%", scalar(random)))
	}
	for _, document := range documents() {
		add(document)
	}
	for end := len(all) + documentRows; len(all) < end; {
		add(mutated(random))
	}
	return all
}

// frames are the places in which a scalar may stand.
var frames = []string{
	"a: %\n", "%: a\n", "- %\n", "a: [%, x]\n",
	"{a: %}\n", "{%: a}\n", "'%'\n", "\"%\"\n", "%", "a: % # c\n", "a: %\nb: %\n", "? %\n: a\n", "- - %\n", "[%: a]\n",
	"a: !!int %\n", "a: !!float %\n", "a: !!str %\n", "a: !!bool %\n", "a: !!null %\n", "a: !!binary %\n", "a: !x %\n",
	"a: |\n  %\n", "a: >-\n  %\n", "a:\n  %\n", "a: &b %\nc: *b\n", "- % %\n", "<<: %\n", "!!str %: a\n", "--- # c\na: %\n...\n",
}

const letters = "0123456789_+-.eExXoObBaAfFnNiIyYtT~:, '\"#{}[]!&*|>%@`?=<\\/"

var pieces = []string{
	"0", "1", "7", "8", "9", "12", "007", "0x", "0o", "0b", "0X", "1f", "_", "__", ".", "-", "+", "e", "E", "e3", "E-3", "e+308",
	"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "4503599627370497",
	"inf", ".inf", ".nan", "y", "no", "true", "on", "null", "~", ":", ": ", " #", "#", "-01-02", "T10:00:00Z", "Gi", "m", "<<", "=", "é",
}

// scalar returns a random word: pieces of numbers in any order, or letters that mean something to YAML.
func scalar(random *rand.Rand) string {
	var word strings.Builder
	for range 1 + random.IntN(4) {
		if random.IntN(3) > 0 {
			word.WriteString(pieces[random.IntN(len(pieces))])
		} else {
			word.WriteByte(letters[random.IntN(len(letters))])
		}
	}
	return word.String()
}

var bits = []string{
	"\n", "\n  ", "\n- ", "\n---\n", "\n...\n", " ", "  ", "\t", ": ", ":", "- ", "? ", "[", "]", "{", "}", ", ", ",", "&b ", "*b", " # c", "#",
	"|\n", ">-\n", "|2\n", "'", "\"", "\\", "\\n", "!!str ", "!x ", "! ", "<<: ", "a", "on", "1e3", "0o7", "null", "~", "\r\n", "\r", "\u0085", "\u2028",
	"\ufeff", "%YAML 1.1\n", "@", "`", "=", "é", "\U0001f600", "\x07", "\u00a0",
}

// mutated returns one of the manifests with one to four places changed.
func mutated(random *rand.Rand) string {
	text := manifests[random.IntN(len(manifests))]
	for range 1 + random.IntN(4) {
		runes := []rune(text)
		from := random.IntN(len(runes) + 1)
		to := min(len(runes), from+random.IntN(4)*random.IntN(3))
		bit := bits[random.IntN(len(bits))]
		if random.IntN(6) == 0 {
			bit = ""
		}
		text = string(runes[:from]) + bit + string(runes[to:])
	}
	return text
}
