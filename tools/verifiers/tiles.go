package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// folder is a log as files (c2sp.org/tlog-tiles).
type folder struct {
	path string
	read map[string]bool
}

func (f *folder) Height() int { return 8 }

// file is where a tile lies: without the height, which is always 8.
func (f *folder) file(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

func (f *folder) ReadTiles(tiles []tlog.Tile) (all [][]byte, err error) {
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.path, f.file(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", f.file(tile), len(data))
		}
		f.read[f.file(tile)] = true
		all = append(all, data)
	}
	return all, nil
}

func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

// checkTiles makes sure that every tile leads to the signed root, that every entry is the one that its
// tile has, and that no other file is there.
func checkTiles(arguments []string) error {
	log := &folder{arguments[1], map[string]bool{"checkpoint": true}}
	_, tree, err := openFile(arguments[0], filepath.Join(log.path, "checkpoint"))
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, log)
	for first := int64(0); first < tree.N; first += 256 {
		if err := log.checkBundle(first, tree, hashes); err != nil {
			return err
		}
	}
	// Every hash of every level, each proven by the tiles above it.
	for _, tile := range tlog.NewTiles(8, 0, tree.N) {
		var places []int64
		for place := int64(0); place < int64(tile.W); place++ {
			places = append(places, tlog.StoredHashIndex(8*tile.L, tile.N<<8+place))
		}
		if _, err := hashes.ReadHashes(places); err != nil {
			return fmt.Errorf("%s: %w", log.file(tile), err)
		}
	}
	err = filepath.WalkDir(log.path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(log.path, path)
		if err == nil && !log.read[name] && !log.isEarlier(name) {
			err = fmt.Errorf("%s belongs to no tree of %d entries", name, tree.N)
		}
		return err
	})
	if err == nil {
		fmt.Printf("%d entries, %d files\n", tree.N, len(log.read))
	}
	return err
}

// isEarlier tells whether a file is a part of a tile that has grown since: c2sp.org/tlog-tiles keeps those
// that an earlier checkpoint needs.
func (f *folder) isEarlier(name string) bool {
	data, err := os.ReadFile(filepath.Join(f.path, name))
	if err != nil || filepath.Ext(filepath.Dir(name)) != ".p" {
		return false
	}
	for other := range f.read {
		if filepath.Dir(other) != filepath.Dir(name) {
			continue
		}
		grown, err := os.ReadFile(filepath.Join(f.path, other))
		return err == nil && bytes.HasPrefix(grown, data)
	}
	return false
}

// checkBundle compares the entries of a bundle with the leaves that its tile has.
func (f *folder) checkBundle(first int64, tree tlog.Tree, hashes tlog.HashReader) error {
	width := 256
	if tree.N-first < 256 {
		width = int(tree.N - first)
	}
	name := f.file(tlog.Tile{H: 8, L: -1, N: first >> 8, W: width})
	data, err := os.ReadFile(filepath.Join(f.path, name))
	if err != nil {
		return err
	}
	f.read[name] = true
	var places []int64
	for place := 0; place < width; place++ {
		places = append(places, tlog.StoredHashIndex(0, first+int64(place)))
	}
	leaves, err := hashes.ReadHashes(places)
	if err != nil {
		return err
	}
	for place, leaf := range leaves {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return fmt.Errorf("%s ends in entry %d", name, first+int64(place))
		}
		length := int(binary.BigEndian.Uint16(data))
		if leaf != tlog.RecordHash(data[2:2+length]) {
			return fmt.Errorf("entry %d is not the one that the tree has", first+int64(place))
		}
		data = data[2+length:]
	}
	if len(data) != 0 {
		return fmt.Errorf("%s has more than %d entries", name, width)
	}
	return nil
}
