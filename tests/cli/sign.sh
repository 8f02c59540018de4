#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast policy sign` and `verify` from outside, held against openssl in both directions. TAP.
#
# usage: sign.sh HOLDFAST
set -u

holdfast=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' log
		failed=$((failed + 1))
	fi
}

# ok NAME COMMAND...: the command's success is the result
ok() {
	local name=$1
	shift

	"$@" >log 2>&1
	result $? "$name"
}

# fails NAME CODE TEXT COMMAND...: it exits so, and says that and nothing on stdout
fails() {
	local name=$1 code=$2 text=$3 got
	shift 3

	"$@" >out 2>log
	got=$?
	[ $got = "$code" ] && [ ! -s out ] && grep -qF -- "$text" log
	result $? "$name"
}

# key NAME ALGORITHM OPTION...: NAME.pem, and NAME.crt by it
key() {
	local name=$1 algorithm=$2 option options=()
	shift 2

	for option; do
		options+=(-pkeyopt "$option")
	done
	openssl genpkey -algorithm "$algorithm" "${options[@]}" -out "$name.pem" 2>/dev/null &&
		certify "$name" "$name"
}

# certify CERTIFICATE KEY OPTION...: another certificate for a key
certify() {
	local name=$1 key=$2
	shift 2

	openssl req -new -x509 -sha256 -days 30 -subj "/O=Holdfast test/CN=$name" -key "$key.pem" \
		"$@" -out "$name.crt" 2>/dev/null
}

# dated CERTIFICATE FROM TO: one of p256.pem's, with these dates
dated() {
	printf '%s\n' '[ca]' 'default_ca = c' '[c]' 'database = index' 'new_certs_dir = .' \
		'policy = p' 'unique_subject = no' 'rand_serial = yes' '[p]' \
		'commonName = supplied' >ca.conf
	: >index
	openssl req -new -subj "/CN=$1" -key p256.pem -out request &&
		openssl ca -config ca.conf -batch -selfsign -keyfile p256.pem -md sha256 -notext \
			-in request -startdate "$2" -enddate "$3" -out "$1.crt" 2>/dev/null
}

# policy NAME VERSION
policy() {
	printf 'apiVersion: holdfast/v1\nkind: Policy\nmetadata: {name: %s, version: %s}\n' "$1" "$2"
	printf 'mode: observe\ndomains:\n  - name: tool\n    executables:\n'
	printf '      - {digest: "sha256:%064d", size: 10, launch: any}\n' 1
}

sign() {
	"$holdfast" policy sign --key "$1.pem" --cert "$1.crt" "${@:2}"
}

verify() {
	"$holdfast" policy verify --cert "$1.crt" "${@:2}"
}

openssl_sign() {
	openssl cms -sign -binary -noattr -nosmimecap -md sha256 -in P.img -signer "$1.crt" \
		-inkey "$1.pem" -outform DER "${@:2}"
}

openssl_verify() {
	openssl cms -verify -binary -inform DER -in P.img.p7s -content P.img -certfile "$1.crt" \
		-CAfile "$1.crt" -purpose any -out verified && cmp verified P.img
}

# ---- what openssl takes, and what is taken of openssl

policy edge 7 >P.yaml
ok 'compile names the image by -o' "$holdfast" policy compile P.yaml -o P.img
sum=$(sha256sum <P.img)
digest=$(od -An -tx1 -j128 -N32 P.img | tr -d ' \n')

ok 'keys for the test' eval '
	key rsa2048 RSA rsa_keygen_bits:2048 && key rsa4096 RSA rsa_keygen_bits:4096 &&
	key p256 EC ec_paramgen_curve:P-256 && key p384 EC ec_paramgen_curve:P-384'
while IFS=: read -r name kind; do
	rm -f P.img.p7s
	ok "$name: an image is signed" sign "$name" P.img
	ok "$name: what is signed stays as it was" test "$(sha256sum <P.img)" = "$sum"
	ok "$name: openssl takes the signature" openssl_verify "$name"
	ok "$name: verify takes it as well" verify "$name" P.img
	said="P.img: policy edge, version 7, sha256:$digest; signed by"
	said="$said CN=$name,O=Holdfast test with $kind and SHA-256"
	ok "$name: verify says what and by whom" test "$(cat log)" = "$said"
	openssl cms -cmsout -print -noout -inform DER -in P.img.p7s >printed
	ok "$name: no attributes are signed, no certificate is in it" test \
		"$(grep -c -A1 'signedAttrs:\|unsignedAttrs:\|certificates:' printed) $(
			grep -A1 'signedAttrs:\|unsignedAttrs:\|certificates:' printed |
				grep -c '<ABSENT>\|<EMPTY>')" = '3 3'

	for way in '' -nocerts -keyid '-nocerts -keyid' '-md sha384' '-md sha512'; do
		# shellcheck disable=SC2086 # several options in one word
		ok "$name: openssl signs${way:+ with $way}" openssl_sign "$name" $way -out other.p7s
		ok "$name: verify takes that" verify "$name" --signature other.p7s P.img
	done
done <<-'EOS'
	rsa2048:RSA 2048
	rsa4096:RSA 4096
	p256:ECDSA P-256
	p384:ECDSA P-384
EOS

ok 'two sign' openssl_sign rsa2048 -signer p256.crt -inkey p256.pem -nocerts -out two.p7s
ok 'the first of them is found' verify rsa2048 --signature two.p7s P.img
ok 'and so is the second' verify p256 --signature two.p7s P.img
fails 'and nobody else' 1 'not signed by the certificate p384.crt, but by another' \
	verify p384 --signature two.p7s P.img

# ---- JSON

sign p256 P.img >/dev/null
verify p256 --json P.img >json
ok 'JSON has the same' python3 - "$digest" <<-'EOS'
	import json, sys
	got = json.load(open("json"))
	assert got == {"ok": True, "file": "P.img", "signature": "P.img.p7s",
	               "policy": {"name": "edge", "version": 7, "sha256": sys.argv[1]},
	               "signer": {"subject": "CN=p256,O=Holdfast test", "key": "ECDSA P-256",
	                          "hash": "SHA-256"}, "errors": []}, got
EOS
verify p384 --json P.img >json
ok 'JSON has the error, and fails' python3 - $? <<-'EOS'
	import json, sys
	got = json.load(open("json"))
	assert sys.argv[1] == "1" and got["ok"] is False and got["signer"] is None, got
	assert got["errors"][0]["file"] == "P.img.p7s", got
EOS

# ---- what is no good signature

fails 'another certificate' 1 'P.img.p7s: not signed by the certificate p384.crt, but by another' \
	verify p384 P.img
certify twin p384 -subj '/O=Holdfast test/CN=p256' \
	-set_serial "0x$(openssl x509 -in p256.crt -noout -serial | cut -d= -f2)"
fails 'another key under the same name and number' 1 'P.img.p7s: the signature does not verify' \
	verify twin P.img
policy edge 6 >Q.yaml
"$holdfast" policy compile Q.yaml -o Q.img >/dev/null
fails 'an older image with the signature of a newer one' 1 'does not verify' \
	verify p256 --signature P.img.p7s Q.img
head -c -1 P.img.p7s >cut.p7s
fails 'a signature that is cut short' 1 'cut.p7s: byte' verify p256 --signature cut.p7s P.img
{ cat P.img.p7s; printf '\0'; } >long.p7s
fails 'a signature with padding' 1 'something follows the signature' \
	verify p256 --signature long.p7s P.img
openssl cms -cmsout -inform DER -in P.img.p7s -outform PEM -out text.p7s
fails 'a signature in PEM' 1 'text.p7s: byte 0: a CMS message in DER should be here' \
	verify p256 --signature text.p7s P.img
truncate -s 65537 large.p7s
fails 'a file that is no signature by its size' 1 'large.p7s: the file has more than 65536 bytes' \
	verify p256 --signature large.p7s P.img
fails 'no signature at all' 1 'none.p7s: cannot read it: No such file' \
	verify p256 --signature none.p7s P.img
{ cat P.img; printf '\0'; } >long.img
fails 'an image with something behind it' 1 'long.img: the image says it has' \
	verify p256 --signature P.img.p7s long.img
openssl cms -sign -binary -nosmimecap -md sha256 -in P.img -signer p256.crt -inkey p256.pem \
	-outform DER -out attributes.p7s
fails 'signed attributes' 1 'signed attributes, so the signature is not over the image itself' \
	verify p256 --signature attributes.p7s P.img
openssl_sign p256 -nodetach -out within.p7s
fails 'a signature with the image in it' 1 'the signature has its content in it' \
	verify p256 --signature within.p7s P.img
openssl_sign p256 -md sha1 -out sha1.p7s
fails 'SHA-1' 1 'neither SHA-256, SHA-384 nor SHA-512' verify p256 --signature sha1.p7s P.img
openssl_sign rsa2048 -keyopt rsa_padding_mode:pss -out pss.p7s
fails 'RSA-PSS' 1 'neither RSA (PKCS #1 v1.5) nor ECDSA' verify rsa2048 --signature pss.p7s P.img
openssl_sign p256 -certfile p384.crt -out carried.p7s
fails 'a certificate of somebody else within' 1 'carries a certificate other than p256.crt' \
	verify p256 --signature carried.p7s P.img

# ---- who may not sign

rm -f P.img.p7s
fails 'the key of another' 1 'p384.pem: this is not the key of the certificate p256.crt' \
	"$holdfast" policy sign --key p384.pem --cert p256.crt P.img
dated expired 20200101000000Z 20200201000000Z
fails 'an expired certificate' 1 'expired.crt: the certificate has expired, Feb  1 00:00:00 2020' \
	"$holdfast" policy sign --key p256.pem --cert expired.crt P.img
openssl_sign p256 -signer expired.crt -inkey p256.pem -nocerts -out expired.p7s
fails 'what was signed by it' 1 'expired.crt: the certificate has expired, Feb  1 00:00:00 2020' \
	verify expired --signature expired.p7s P.img
dated future 20980101000000Z 20990101000000Z
fails 'a certificate that is not valid yet, or a clock set back' 1 \
	'future.crt: the certificate is valid from Jan  1 00:00:00 2098 GMT on, not yet' \
	"$holdfast" policy sign --key p256.pem --cert future.crt P.img
certify usage p256 -addext keyUsage=critical,keyAgreement
fails 'a certificate that is not for signing' 1 'its keyUsage lacks digitalSignature' \
	"$holdfast" policy sign --key p256.pem --cert usage.crt P.img
certify server p256 -addext extendedKeyUsage=serverAuth
fails 'a certificate of a server' 1 'its extendedKeyUsage lacks codeSigning' \
	"$holdfast" policy sign --key p256.pem --cert server.crt P.img
openssl pkey -in p256.pem -aes256 -passout pass:secret -out locked.pem
fails 'an encrypted key, without asking' 1 'locked.pem: the key is encrypted' \
	"$holdfast" policy sign --key locked.pem --cert p256.crt P.img </dev/null
key ed ED25519
fails 'Ed25519, which the kernel does not know' 1 'a key of the kind ED25519' sign ed P.img
key small RSA rsa_keygen_bits:1024
fails 'a small RSA key' 1 'a key of the kind RSA, 1024 bits' sign small P.img
key odd RSA rsa_keygen_bits:2560
fails 'an RSA key of a length that the kernel lacks' 1 'a key of the kind RSA, 2560 bits' \
	sign odd P.img
key p521 EC ec_paramgen_curve:P-521
fails 'another curve' 1 'a key of the kind EC, 521 bits' sign p521 P.img
certify weak rsa2048 -sha1
fails 'a certificate by SHA-1' 1 'which the kernel cannot read' \
	"$holdfast" policy sign --key rsa2048.pem --cert weak.crt P.img
fails 'what is no image' 1 'P.yaml: 242 bytes are too few for a policy image' sign p256 P.yaml
fails 'no key' 1 'p256.crt: there is no private key in PEM here' \
	"$holdfast" policy sign --key p256.crt --cert p256.crt P.img
fails 'no certificate' 1 'p256.pem: there is no certificate in PEM here' \
	"$holdfast" policy sign --key p256.pem --cert p256.pem P.img
cat p256.crt p384.crt >chain.crt
fails 'several certificates' 1 'there is more than one certificate here' \
	"$holdfast" policy sign --key p256.pem --cert chain.crt P.img
ok 'nobody of these has signed' test ! -e P.img.p7s

# ---- files for a domain

# statement FILE DOMAIN: what is signed, made by tools that are not ours
statement() {
	printf 'holdfast-file-1\0'
	printf 'holdfast-domain:%s' "$2" | openssl dgst -sha256 -binary | head -c 4
	printf '\1\0\40\0'
	python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' \
		"$(fsverity digest --compact "$1")"
}

# attribute FILE FROM: of its signature, from that byte on
attribute() {
	python3 -c 'import os, sys
sys.stdout.buffer.write(os.getxattr(sys.argv[1], "user.holdfast")[int(sys.argv[2]):])' "$@"
}

echo content >file
ok 'a file is signed for a domain' "$holdfast" policy sign-file --key p256.pem --cert p256.crt \
	--domain agent file
said='file: for the domain agent; signed by CN=p256,O=Holdfast test with ECDSA P-256 and SHA-256'
ok 'which is said, and what is missing yet' test "$(cat log)" = \
	"$said; counts once fs-verity is enabled on it"
attribute file 4 >file.p7s
statement file agent >said
ok 'openssl takes the signature, over what others make of the file' eval '
	openssl cms -verify -binary -inform DER -in file.p7s -content said -certfile p256.crt \
		-CAfile p256.crt -purpose any -out verified && cmp verified said'
ok 'before it stands the domain' cmp <(attribute file 0 | head -c 4) <(tail -c +17 said | head -c 4)
statement file other >said
ok 'it is of no other domain' eval '! openssl cms -verify -binary -inform DER -in file.p7s \
	-content said -certfile p256.crt -CAfile p256.crt -purpose any'
fails 'a domain that is none' 2 '"self" is no name of a domain' "$holdfast" policy sign-file \
	--key p256.pem --cert p256.crt --domain self file
fails 'no domain' 2 'say by whom and for what: --key, --cert and --domain' \
	"$holdfast" policy sign-file --key p256.pem --cert p256.crt file
: >empty
fails 'an empty file' 1 'empty: not a file of 1 to 1073741824 bytes' "$holdfast" policy sign-file \
	--key p256.pem --cert p256.crt --domain agent empty
fails 'a key of somebody else' 1 'not the key of the certificate' "$holdfast" policy sign-file \
	--key p384.pem --cert p256.crt --domain agent file

# ---- files and words

for file in P.img p256.pem p256.crt; do
	sum=$(sha256sum <$file)
	fails "$file is not replaced by a signature" 1 'this is an input' \
		sign p256 --signature ./$file P.img
	ok "$file is as it was" test "$(sha256sum <$file)" = "$sum"
done
mkfifo pipe
fails 'a pipe is not replaced' 1 'pipe: not a regular file' sign p256 --signature pipe P.img
cat p256.crt p256.pem >both.pem
ok 'key and certificate may lie in one file' \
	"$holdfast" policy sign --key both.pem --cert both.pem P.img
{ openssl ecparam -name prime256v1; cat p256.pem; } >parameters.pem
ok 'parameters may stand before the key' \
	"$holdfast" policy sign --key parameters.pem --cert p256.crt P.img
fails 'sign wants to know by whom' 2 'say by whom: --key and --cert' "$holdfast" policy sign P.img
fails 'verify wants to know whose' 2 'say whose signature it has to be: --cert' \
	"$holdfast" policy verify P.img

echo "1..$count"
exit $((failed > 0))
