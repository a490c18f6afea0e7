// Check_log verifies a transparency log of Packtrace from outside: another language, and the
// transparency-log library of Go's checksum database (golang.org/x/mod/sumdb). It shares no code
// with the log, so a misreading of the formats there cannot be repeated here.
//
//	check_log VKEY-FILE (URL|DIR) [OLD_CHECKPOINT_FILE]
//
// It prints one line, ok size=N root=BASE64 inclusion=N consistency=M, and exits 0; or it says what
// is wrong in one line on stderr and exits 1.
//
// The library brings signed notes, RFC 6962 hashes and proofs. It was made before C2SP tlog-tiles
// and tlog-checkpoint: their paths, entry bundles and checkpoint text are read here.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	maxAnswer  = tileWidth * (2 + 0xffff) // the largest resource there is: a bundle of long entries
)

func main() {
	told, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "check_log:", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Println(told)
}

func run(args []string) (string, error) {
	if len(args) != 2 && len(args) != 3 {
		return "", errors.New("usage: check_log VKEY-FILE (URL|DIR) [OLD_CHECKPOINT_FILE]")
	}
	vkey, err := os.ReadFile(args[0])
	if err != nil {
		return "", err
	}
	key, err := note.NewVerifier(strings.TrimSuffix(string(vkey), "\n"))
	if err != nil {
		return "", err
	}
	fetch := fetcher(args[1])
	signed, err := fetch("checkpoint")
	if err != nil {
		return "", err
	}
	head, err := openCheckpoint(signed, key)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %v", err)
	}

	var entries hashStore
	inclusion, consistency := int64(0), 0
	tiles := tlog.TileHashReader(head, &tileReader{fetch: fetch, kept: map[string][]byte{}})
	for n := int64(0); n*tileWidth < head.N; n++ {
		bundle, err := readBundle(fetch, n, head.N)
		if err != nil {
			return "", err
		}
		for _, entry := range bundle {
			if err := checkInclusion(head, inclusion, entry, tiles); err != nil {
				return "", fmt.Errorf("entry %d: %v", inclusion, err)
			}
			if err := entries.add(entry); err != nil {
				return "", err
			}
			inclusion++
		}
	}
	for _, size := range earlierSizes(head.N) {
		root, err := tlog.TreeHash(size, &entries)
		if err != nil {
			return "", err
		}
		if err := checkConsistency(head, tlog.Tree{N: size, Hash: root}, tiles); err != nil {
			return "", err
		}
		consistency++
	}
	if len(args) == 3 {
		signed, err := os.ReadFile(args[2])
		if err != nil {
			return "", err
		}
		old, err := openCheckpoint(signed, key)
		if err != nil {
			return "", fmt.Errorf("old checkpoint: %v", err)
		}
		if err := checkOld(head, old, &entries, tiles); err != nil {
			return "", fmt.Errorf("old checkpoint: %v", err)
		}
		consistency++
	}
	return fmt.Sprintf("ok size=%d root=%v inclusion=%d consistency=%d",
		head.N, head.Hash, inclusion, consistency), nil
}

// openCheckpoint reads a checkpoint that key signed: origin, size and root, a line each, then
// extension lines (C2SP tlog-checkpoint). The library's own ParseTree knows go.sum's origin alone.
func openCheckpoint(signed []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) < 3 {
		return tlog.Tree{}, errors.New("fewer than three lines")
	}
	for _, line := range lines {
		if line == "" {
			return tlog.Tree{}, errors.New("an empty line")
		}
	}
	if lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("of %q, the key is for %q", lines[0], key.Name())
	}
	// Go's parsers also take a sign, leading zeros and stray bits: what they read must be how it
	// is written.
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("%q is no size", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || base64.StdEncoding.EncodeToString(root[:]) != lines[2] {
		return tlog.Tree{}, fmt.Errorf("%q is no root", lines[2])
	}
	if size == 0 && root != sha256.Sum256(nil) {
		return tlog.Tree{}, errors.New("an empty log with a root of something")
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// checkInclusion proves an entry under the signed root. The proof is run from the entry's own hash,
// so nothing rests on the library's promise that it authenticated each tile: version 0.7.0 passes
// over some full ones (ReadHashes begins at len(stx), though fewer tiles than that came before).
func checkInclusion(head tlog.Tree, n int64, entry []byte, tiles tlog.HashReader) error {
	leaf, err := tiles.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
	if err != nil {
		return err
	}
	hash := tlog.RecordHash(entry)
	if hash != leaf[0] {
		return errors.New("its hash is not the leaf in the tile")
	}
	proof, err := tlog.ProveRecord(head.N, n, tiles)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, head.N, head.Hash, n, hash)
}

// checkConsistency proves by the tiles that an earlier tree is how the signed one began.
func checkConsistency(head, earlier tlog.Tree, tiles tlog.HashReader) error {
	proof, err := tlog.ProveTree(head.N, earlier.N, tiles)
	if err == nil {
		err = tlog.CheckTree(proof, head.N, head.Hash, earlier.N, earlier.Hash)
	}
	if err != nil {
		return fmt.Errorf("size %d to %d: %v", earlier.N, head.N, err)
	}
	return nil
}

// checkOld checks what the log signed before, by proof and against the entries themselves.
func checkOld(head, old tlog.Tree, entries, tiles tlog.HashReader) error {
	if old.N > head.N {
		return fmt.Errorf("it covers %d entries, the log has %d", old.N, head.N)
	}
	if old.N == 0 {
		return nil // every log begins empty, RFC 6962 has no proof of it
	}
	if err := checkConsistency(head, old, tiles); err != nil {
		return err
	}
	root, err := tlog.TreeHash(old.N, entries)
	if err == nil && root != old.Hash {
		err = errors.New("the entries lead to another root")
	}
	return err
}

// earlierSizes has where proofs change shape (powers of two, and one off them) and a few between.
func earlierSizes(size int64) []int64 {
	found := map[int64]bool{}
	for power := int64(1); power <= size; power *= 2 {
		found[power-1], found[power], found[power+1] = true, true, true
	}
	for _, some := range []int64{size / 3, size / 2, size - size/3, size - 1, size} {
		found[some] = true
	}
	var sizes []int64
	for some := range found {
		if 0 < some && some <= size {
			sizes = append(sizes, some)
		}
	}
	sort.Slice(sizes, func(i, j int) bool { return sizes[i] < sizes[j] })
	return sizes
}

// hashStore is the tree over the entries as they were read, built without any tile: what the
// tiles say is held against it.
type hashStore struct {
	size   int64
	hashes []tlog.Hash // by the library's stored hash index
}

func (s *hashStore) add(entry []byte) error {
	grown, err := tlog.StoredHashes(s.size, entry, s)
	s.hashes = append(s.hashes, grown...)
	s.size++
	return err
}

func (s *hashStore) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(s.hashes)) {
			return nil, fmt.Errorf("hash %d is beyond %d entries", index, s.size)
		}
		found = append(found, s.hashes[index])
	}
	return found, nil
}

// fetcher reads resources below a log's prefix: over HTTP, or from a folder.
func fetcher(place string) func(path string) ([]byte, error) {
	if !strings.HasPrefix(place, "http://") && !strings.HasPrefix(place, "https://") {
		return func(path string) ([]byte, error) {
			return os.ReadFile(filepath.Join(place, filepath.FromSlash(path)))
		}
	}
	client := http.Client{Timeout: time.Minute}
	return func(path string) ([]byte, error) {
		answer, err := client.Get(strings.TrimSuffix(place, "/") + "/" + path)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, answer.Status)
		}
		return io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	}
}

// tilePath is a resource's path (C2SP tlog-tiles). The library's Tile.Path has the height in it,
// which C2SP fixed at 8 and left out. Example: tilePath("0", 1234067, 5) is
// tile/0/x001/x234/067.p/5
func tilePath(level string, n int64, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return "tile/" + level + "/" + path
}

// tileReader gives the library the tiles it asks for; each is fetched once.
type tileReader struct {
	fetch func(path string) ([]byte, error)
	kept  map[string][]byte
}

func (r *tileReader) Height() int { return tileHeight }

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := tilePath(strconv.Itoa(tile.L), tile.N, tile.W)
		data, ok := r.kept[path]
		if !ok {
			var err error
			if data, err = r.fetch(path); err != nil {
				return nil, err
			}
			if len(data) != tile.W*tlog.HashSize {
				return nil, fmt.Errorf("%s: %d bytes are not %d hashes", path, len(data), tile.W)
			}
			r.kept[path] = data
		}
		found = append(found, data)
	}
	return found, nil
}

// SaveTiles is for the library's own client, which keeps tiles on disk.
func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// readBundle reads the n'th entry bundle of a log of size entries: each entry stands behind its
// length, 16 bits, big-endian.
func readBundle(fetch func(path string) ([]byte, error), n, size int64) ([][]byte, error) {
	width := tileWidth
	if rest := size - n*tileWidth; rest < tileWidth {
		width = int(rest)
	}
	path := tilePath("entries", n, width)
	data, err := fetch(path)
	if err != nil {
		return nil, err
	}
	var bundle [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s: cut off after %d entries", path, len(bundle))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		bundle = append(bundle, data[2:end])
		data = data[end:]
	}
	if len(bundle) != width {
		return nil, fmt.Errorf("%s: %d entries, not %d", path, len(bundle), width)
	}
	return bundle, nil
}
