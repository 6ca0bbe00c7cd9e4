package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner signs as a witness does, and verifies it: c2sp.org/tlog-cosignature, cosignature/v1.
type cosigner struct {
	name    string
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

const cosignatureAlgorithm = 4

func (c *cosigner) Name() string { return c.name }

func (c *cosigner) KeyHash() uint32 {
	hash := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.public...))
	return binary.BigEndian.Uint32(hash[:])
}

func (c *cosigner) message(seconds uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", seconds)), text...)
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	seconds := uint64(time.Now().Unix())
	signature := make([]byte, 8)
	binary.BigEndian.PutUint64(signature, seconds)
	return append(signature, ed25519.Sign(c.private, c.message(seconds, text))...), nil
}

func (c *cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 72 {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(c.public, c.message(seconds, text), signature[8:])
}

func (c *cosigner) String() string {
	key := append([]byte{cosignatureAlgorithm}, c.public...)
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), base64.StdEncoding.EncodeToString(key))
}

// verifierOf reads the key of a log, or that of a witness.
func verifierOf(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) == 3 {
		key, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(key) == 33 && key[0] == cosignatureAlgorithm {
			verifier := &cosigner{name: parts[0], public: key[1:]}
			if verifier.String() != text {
				return nil, fmt.Errorf("the key of %s is not the one that its hash is of", parts[0])
			}
			return verifier, nil
		}
	}
	return note.NewVerifier(text)
}

// witness is one of c2sp.org/tlog-witness, which forgets all at its end.
type witness struct {
	key  *cosigner
	log  note.Verifier
	lock sync.Mutex
	tree tlog.Tree
}

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	body   string
}

func (r refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.body) }

// addCheckpoint takes the body of a request, and gives that of the answer.
func (w *witness) addCheckpoint(body []byte) ([]byte, error) {
	bad := refusal{http.StatusBadRequest, "the request is malformed\n"}
	proof, signed, found := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(proof), "\n")
	if !found || !strings.HasPrefix(lines[0], "old ") || len(lines) > 64 {
		return nil, bad
	}
	old, err := strconv.ParseInt(lines[0][len("old "):], 10, 64)
	if err != nil || fmt.Sprintf("old %d", old) != lines[0] || old < 0 {
		return nil, bad
	}
	path, err := hashes(lines[1:])
	if err != nil {
		return nil, bad
	}
	if origin, _, _ := bytes.Cut(signed, []byte("\n")); string(origin) != w.log.Name() {
		return nil, refusal{http.StatusNotFound, "the log is unknown here\n"}
	}
	opened, err := note.Open(signed, note.VerifierList(w.log))
	if err != nil {
		return nil, refusal{http.StatusForbidden, err.Error() + "\n"}
	}
	tree, err := treeOf(opened.Text)
	if err != nil || old > tree.N {
		return nil, bad
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if old != w.tree.N || old == tree.N && old > 0 && tree.Hash != w.tree.Hash {
		return nil, refusal{http.StatusConflict, fmt.Sprintf("%d\n", w.tree.N)}
	}
	if old == 0 || old == tree.N {
		if len(path) > 0 {
			err = errors.New("no proof belongs here")
		}
	} else {
		err = tlog.CheckTree(path, tree.N, tree.Hash, w.tree.N, w.tree.Hash)
	}
	if err != nil {
		return nil, refusal{http.StatusUnprocessableEntity, err.Error() + "\n"}
	}
	w.tree = tree
	return lineOf(opened.Text, w.key)
}

// lineOf is the line of a signature.
func lineOf(text string, signer note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(signed, []byte(text+"\n")), nil
}

func treeOf(text string) (tree tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return tree, errors.New("the note is no head of a log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func newCosigner(name string) *cosigner {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return &cosigner{name, private, public}
}

// serveWitness prints its key and its address, and answers until it is ended. An honest one is asked for
// by the kind "honest"; the others answer what no client may take for a cosignature.
func serveWitness(arguments []string) error {
	log, err := note.NewVerifier(arguments[0])
	if err != nil {
		return err
	}
	w := &witness{key: newCosigner("example.org/witness"), log: log}
	kind := arguments[1]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("%v\nhttp://%v/w\n", w.key, listener.Addr())
	http.HandleFunc("/w/add-checkpoint", func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
		if err != nil || request.Method != http.MethodPost {
			answer.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		line, err := w.addCheckpoint(body)
		fmt.Printf("%s: %v\n", bytes.SplitN(body, []byte("\n"), 2)[0], err)
		if kind != "honest" {
			w.misbehave(kind, answer, request, body)
			return
		}
		var refused refusal
		if errors.As(err, &refused) {
			if refused.status == http.StatusConflict {
				answer.Header().Set("Content-Type", "text/x.tlog.size")
			}
			answer.WriteHeader(refused.status)
			io.WriteString(answer, refused.body)
			return
		}
		if err != nil {
			answer.WriteHeader(http.StatusInternalServerError)
			return
		}
		answer.Write(line)
	})
	return http.Serve(listener, nil)
}

func (w *witness) misbehave(kind string, answer http.ResponseWriter, request *http.Request, body []byte) {
	_, signed, _ := bytes.Cut(body, []byte("\n\n"))
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	line, err := lineOf(string(text)+"\n", w.key)
	if err != nil {
		panic(err)
	}
	flush := func() { answer.(http.Flusher).Flush() }
	switch kind {
	case "silent": // Never answers.
		<-request.Context().Done()
	case "drip": // Never ends, a byte at a time.
		for request.Context().Err() == nil {
			io.WriteString(answer, "a")
			flush()
			time.Sleep(50 * time.Millisecond)
		}
	case "endless":
		for request.Context().Err() == nil {
			if _, err := answer.Write(bytes.Repeat([]byte("a"), 1<<16)); err != nil {
				return
			}
		}
	case "noise":
		io.WriteString(answer, "thank you\n")
	case "empty":
	case "cut": // Says that there is more.
		answer.Header().Set("Content-Length", strconv.Itoa(len(line)+10))
		answer.Write(line)
	case "foreign": // By a key of the same name.
		line, _ = lineOf(string(text)+"\n", newCosigner(w.key.name))
		answer.Write(line)
	case "forged": // Of another head, by its own key.
		line, _ = lineOf(string(text)+"\nmore\n", w.key)
		answer.Write(line)
	case "redirect":
		http.Redirect(answer, request, "/w/add-checkpoint?again", http.StatusTemporaryRedirect)
	case "conflict": // Again and again.
		answer.WriteHeader(http.StatusConflict)
		io.WriteString(answer, "1\n")
	case "greater":
		answer.WriteHeader(http.StatusConflict)
		io.WriteString(answer, "1000000\n")
	case "sizeless":
		answer.WriteHeader(http.StatusConflict)
		io.WriteString(answer, "one\n")
	case "hidden": // Steers a terminal.
		answer.WriteHeader(http.StatusForbidden)
		io.WriteString(answer, "\x1b[2Jno \u202e key\n")
	default:
		if status, err := strconv.Atoi(kind); err == nil {
			answer.WriteHeader(status)
			return
		}
		fmt.Fprintf(os.Stderr, "verifiers: no kind %s\n", kind)
		os.Exit(64)
	}
}
