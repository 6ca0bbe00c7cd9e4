// Checks what Daybook signs and proves with golang.org/x/mod/sumdb, in which no line is Daybook's.
//
//	verifiers note KEY HEAD                     a head that a log or a witness has signed: prints its text
//	verifiers proof KEY PROOF                   a .tlog-proof: prints the entry's number
//	verifiers consistency KEY OLD NEW HASHES    two signed heads, and `daybook prove-consistency`
//	verifiers tiles KEY FOLDER                  what `daybook tiles export` wrote, every file of it
//	verifiers trees FILE                        proofs of a tree that is built here as well
//	verifiers witness KEY KIND                  a witness (c2sp.org/tlog-witness) for the log of the key
//
// Exit status 1, with a sentence, when something is wrong.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	commands := map[string]struct {
		arguments int
		run       func([]string) error
	}{
		"note":        {2, checkNote},
		"proof":       {2, checkProof},
		"consistency": {4, checkConsistency},
		"tiles":       {2, checkTiles},
		"trees":       {1, checkTrees},
		"witness":     {2, serveWitness},
	}
	words := append(os.Args[1:], "")
	command, known := commands[words[0]]
	if !known || len(words) != command.arguments+2 {
		fmt.Fprintln(os.Stderr, "verifiers: note KEY HEAD | proof KEY PROOF | "+
			"consistency KEY OLD NEW HASHES | tiles KEY FOLDER | trees FILE | witness KEY KIND")
		os.Exit(64)
	}
	if err := command.run(os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "verifiers: %v\n", err)
		os.Exit(1)
	}
}

// open checks the signature of a note and reads the head of a log (c2sp.org/tlog-checkpoint).
func open(key string, signed []byte) (text string, tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", tree, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return "", tree, err
	}
	if !strings.HasPrefix(opened.Text, verifier.Name()+"\n") {
		return "", tree, fmt.Errorf("the note is no head of the log %s", verifier.Name())
	}
	tree, err = treeOf(opened.Text)
	return opened.Text, tree, err
}

func openFile(key, path string) (text string, tree tlog.Tree, err error) {
	signed, err := os.ReadFile(path)
	if err != nil {
		return "", tree, err
	}
	return open(key, signed)
}

func checkNote(arguments []string) error {
	verifier, err := verifierOf(arguments[0])
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	if _, err = treeOf(opened.Text); err == nil {
		fmt.Print(opened.Text)
	}
	return err
}

// hashes reads hashes in base64, one to a line.
func hashes(lines []string) (all []tlog.Hash, err error) {
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		all = append(all, hash)
	}
	return all, nil
}

func checkProof(arguments []string) error {
	file, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	body, signed, found := bytes.Cut(file, []byte("\n\n"))
	lines := strings.Split(string(body), "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return fmt.Errorf("%s is no c2sp.org/tlog-proof with an entry", arguments[1])
	}
	entry, err := base64.StdEncoding.DecodeString(lines[1][len("extra "):])
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(lines[2][len("index "):], 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(lines[3:])
	if err != nil {
		return err
	}
	_, tree, err := open(arguments[0], signed)
	if err != nil {
		return err
	}
	err = tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry))
	if err == nil {
		fmt.Println(index)
	}
	return err
}

func checkConsistency(arguments []string) error {
	_, old, err := openFile(arguments[0], arguments[1])
	if err != nil {
		return err
	}
	_, tree, err := openFile(arguments[0], arguments[2])
	if err != nil {
		return err
	}
	file, err := os.ReadFile(arguments[3])
	if err != nil {
		return err
	}
	path, err := hashes(strings.Fields(string(file)))
	if err != nil {
		return err
	}
	return tlog.CheckTree(path, tree.N, tree.Hash, old.N, old.Hash)
}

// trees reads what the tests write: numbers of 8 bytes, little-endian, and hashes of 32.
//
//	the number of leaves; leaf i is the 8 bytes of i
//	then, again and again, a letter:
//	'r' size root
//	'i' size index count hashes...    the proof of a leaf
//	'c' size old count hashes...      the proof that a tree begins with another
//
// Each root and proof has to be the one that is made here, and the check of it has to succeed.
func checkTrees(arguments []string) error {
	file, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	input := bytes.NewReader(file)
	count, err := number(input)
	if err != nil {
		return err
	}
	stored, err := grow(count)
	if err != nil {
		return err
	}
	roots, proofs := map[int64]tlog.Hash{}, map[byte]int{}
	root := func(size int64) (tlog.Hash, error) {
		if known, ok := roots[size]; ok {
			return known, nil
		}
		// Early versions of tlog have no hash for the tree without leaves.
		if size == 0 {
			return sha256.Sum256(nil), nil
		}
		made, err := tlog.TreeHash(size, stored)
		roots[size] = made
		return made, err
	}
	for {
		kind, err := input.ReadByte()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if err := checkOne(kind, input, stored, root); err != nil {
			return fmt.Errorf("%c, %d bytes before the end: %w", kind, input.Len(), err)
		}
		proofs[kind]++
	}
	fmt.Printf("%d roots, %d proofs of leaves, %d proofs of trees\n",
		proofs['r'], proofs['i'], proofs['c'])
	return nil
}

// grow makes all hashes of a tree.
func grow(count int64) (tlog.HashReaderFunc, error) {
	var all []tlog.Hash
	stored := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(places))
		for i, place := range places {
			found[i] = all[place]
		}
		return found, nil
	})
	for leaf := int64(0); leaf < count; leaf++ {
		var data [8]byte
		binary.LittleEndian.PutUint64(data[:], uint64(leaf))
		more, err := tlog.StoredHashes(leaf, data[:], stored)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return stored, nil
}

func checkOne(kind byte, input *bytes.Reader, stored tlog.HashReader,
	root func(int64) (tlog.Hash, error)) error {
	size, err := number(input)
	if err != nil {
		return err
	}
	head, err := root(size)
	if err != nil {
		return err
	}
	if kind == 'r' {
		found, err := hash(input)
		if err == nil && found != head {
			err = fmt.Errorf("the root of %d leaves is %v, not %v", size, head, found)
		}
		return err
	}
	other, err := number(input)
	if err != nil {
		return err
	}
	length, err := number(input)
	if err != nil {
		return err
	}
	var path, own []tlog.Hash
	for i := int64(0); i < length; i++ {
		next, err := hash(input)
		if err != nil {
			return err
		}
		path = append(path, next)
	}
	switch kind {
	case 'i':
		var data [8]byte
		binary.LittleEndian.PutUint64(data[:], uint64(other))
		if err := tlog.CheckRecord(path, size, head, other, tlog.RecordHash(data[:])); err != nil {
			return err
		}
		own, err = tlog.ProveRecord(size, other, stored)
	case 'c':
		old, err := root(other)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(path, size, head, other, old); err != nil {
			return err
		}
		own, err = tlog.ProveTree(size, other, stored)
	default:
		return fmt.Errorf("an unknown kind")
	}
	if err == nil && fmt.Sprint(own) != fmt.Sprint(path) {
		err = fmt.Errorf("the proof of %d in %d is another one here", other, size)
	}
	return err
}

func number(input io.Reader) (int64, error) {
	var value int64
	err := binary.Read(input, binary.LittleEndian, &value)
	return value, err
}

func hash(input io.Reader) (value tlog.Hash, err error) {
	_, err = io.ReadFull(input, value[:])
	return value, err
}
