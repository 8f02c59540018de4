// SPDX-License-Identifier: LGPL-2.1-or-later

// What `holdfast log` says, said again by golang.org/x/mod/sumdb, which shares no line with it.
//
// usage: xmod log DIR VKEY                       every entry and every tile, up to the signed root
//
//	xmod included PROOF VKEY ENTRY-FILE      a .tlog-proof
//	xmod continues PROOF VKEY CHECKPOINT     what `holdfast log prove --since` prints
//
// Exit status 0 if all is well, 1 if not. Fits Go 1.19.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// opened is a checkpoint whose signature is verified.
func opened(data []byte, vkey string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	read, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(read.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, errors.New("no checkpoint of this log")
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// name is where C2SP has a tile: x/mod writes its height before the level.
func name(level string, n int64, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width < 256 {
		path = fmt.Sprintf("%s.p/%d", path, width)
	}
	return filepath.Join("tile", level, path)
}

type folder string

func (f folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), name(strconv.Itoa(tile.L), tile.N, tile.W)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

// entries are the hashes of what the bundles have.
func (f folder) entries(size int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for first := int64(0); first < size; first += 256 {
		width := 256
		if size-first < 256 {
			width = int(size - first)
		}
		data, err := os.ReadFile(filepath.Join(string(f), name("entries", first/256, width)))
		if err != nil {
			return nil, err
		}
		for i := 0; i < width; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("bundle %d ends within entry %d", first/256, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			leaves = append(leaves, tlog.RecordHash(data[2:end]))
			data = data[end:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("bundle %d goes on", first/256)
		}
	}
	return leaves, nil
}

// rebuilt is the root of the leaves alone: no tile is read.
func rebuilt(leaves []tlog.Hash) (tlog.Hash, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for i, leaf := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(i), leaf, reader)
		if err != nil {
			return tlog.Hash{}, err
		}
		stored = append(stored, more...)
	}
	return tlog.TreeHash(int64(len(leaves)), reader)
}

// tiles reads every hash of every level; x/mod authenticates each of their tiles.
func (f folder) tiles(tree tlog.Tree, leaves []tlog.Hash) error {
	reader := tlog.TileHashReader(tree, f)
	for level := 0; tree.N>>(8*level) > 0; level++ {
		count := tree.N >> (8 * level)
		var indexes []int64
		for i := int64(0); i < count; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(8*level, i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i := range hashes {
			if level == 0 && hashes[i] != leaves[i] {
				return fmt.Errorf("entry %d is not the one of the tree", i)
			}
		}
	}
	return nil
}

func (f folder) proofs(tree tlog.Tree, leaves []tlog.Hash) error {
	reader := tlog.TileHashReader(tree, f)
	for _, index := range []int64{0, 1, 254, 255, 256, tree.N - 1} {
		if index < 0 || index >= tree.N {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaves[index]); err != nil {
			return err
		}
		root, err := tlog.TreeHash(index+1, reader)
		if err != nil {
			return err
		}
		between, err := tlog.ProveTree(tree.N, index+1, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(between, tree.N, tree.Hash, index+1, root); err != nil {
			return err
		}
	}
	return nil
}

func checkLog(dir, vkey string) error {
	f := folder(dir)
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := opened(data, vkey)
	if err != nil {
		return err
	}
	leaves, err := f.entries(tree.N)
	if err != nil {
		return err
	}
	root, err := rebuilt(leaves)
	if err != nil {
		return err
	}
	// RFC 6962; x/mod has no hash for it
	if tree.N == 0 {
		root, _ = tlog.ParseHash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	}
	if root != tree.Hash {
		return errors.New("the entries do not give the root")
	}
	if err := f.tiles(tree, leaves); err != nil {
		return err
	}
	return f.proofs(tree, leaves)
}

// taken is a proof's lines before its checkpoint, and that.
func taken(path, vkey string) ([]string, tlog.Tree, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, tlog.Tree{}, err
	}
	head, rest, found := strings.Cut(string(data), "\n\n")
	if !found {
		return nil, tlog.Tree{}, errors.New("no proof")
	}
	tree, err := opened([]byte(rest), vkey)
	return strings.Split(head, "\n"), tree, err
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, line := range lines {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) != tlog.HashSize {
			return nil, errors.New("no hash: " + line)
		}
		var hash tlog.Hash
		copy(hash[:], data)
		all = append(all, hash)
	}
	return all, nil
}

func checkIncluded(path, vkey, file string) error {
	head, tree, err := taken(path, vkey)
	if err != nil {
		return err
	}
	if len(head) < 2 || head[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(head[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	proof, err := hashes(head[2:])
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func checkContinues(path, vkey, checkpoint string) error {
	head, tree, err := taken(path, vkey)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(checkpoint)
	if err != nil {
		return err
	}
	earlier, err := opened(data, vkey)
	if err != nil {
		return err
	}
	if head[0] != fmt.Sprintf("old %d", earlier.N) {
		return errors.New("a proof of another size")
	}
	proof, err := hashes(head[1:])
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash)
}

func main() {
	err := errors.New("usage: xmod log|included|continues ...")
	args := os.Args[1:]
	switch {
	case len(args) == 3 && args[0] == "log":
		err = checkLog(args[1], args[2])
	case len(args) == 4 && args[0] == "included":
		err = checkIncluded(args[1], args[2], args[3])
	case len(args) == 4 && args[0] == "continues":
		err = checkContinues(args[1], args[2], args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
