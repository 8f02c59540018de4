// SPDX-License-Identifier: LGPL-2.1-or-later

// What `holdfast log` says, said again by Tessera and torchwood, which share no line with it.
//
// usage: unstable fsck DIR VKEY                  Tessera checks a log
//
//	unstable write DIR N                    Tessera writes one, and this prints its key
//	unstable proof POLICY PROOF ENTRY-FILE  torchwood checks a .tlog-proof
//
// Any other exit status than 0 is a refusal: of some damages the library dies.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func leaves(data []byte) ([][]byte, error) {
	bundle := &api.EntryBundle{}
	if err := bundle.UnmarshalText(data); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range bundle.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func check(dir, vkey string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	fetcher := client.FileFetcher{Root: dir}
	return fsck.New(verifier.Name(), verifier, fetcher, leaves, fsck.Opts{N: 1}).Check(
		context.Background())
}

func write(dir string, n int) error {
	ctx := context.Background()
	secret, vkey, err := note.GenerateKey(rand.Reader, "holdfast.example/tessera")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return err
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(256, 100*time.Millisecond).
		WithCheckpointInterval(100*time.Millisecond))
	if err != nil {
		return err
	}
	await := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 100*time.Millisecond)
	var futures []tessera.IndexFuture
	for i := 0; i < n; i++ {
		entry := fmt.Sprintf("entry %d%s", i, strings.Repeat("x", i%90))
		futures = append(futures, appender.Add(ctx, tessera.NewEntry([]byte(entry))))
	}
	for _, future := range futures {
		if _, _, err := await.Await(ctx, future); err != nil {
			return err
		}
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	fmt.Println(vkey)
	return nil
}

func proof(policy, path, file string) error {
	text, err := os.ReadFile(policy)
	if err != nil {
		return err
	}
	trusted, err := torchwood.ParsePolicy(text)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(trusted, tlog.RecordHash(entry), data)
}

func main() {
	err := errors.New("usage: unstable fsck|write|proof ...")
	args := os.Args[1:]
	switch {
	case len(args) == 3 && args[0] == "fsck":
		err = check(args[1], args[2])
	case len(args) == 3 && args[0] == "write":
		var n int
		n, err = strconv.Atoi(args[2])
		if err == nil {
			err = write(args[1], n)
		}
	case len(args) == 4 && args[0] == "proof":
		err = proof(args[1], args[2], args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
