#if CLI
import DaybookInspector
import DaybookSystem

extension AuditScripts {
    /// The README of a bundle. The lines that begin with `$ ` are the commands that check it.
    static func readMe(_ facts: AuditFacts, _ counts: AuditBundle.Counts) -> String {
        let id = facts.id.shownAsID
        let keys = facts.signers.map { "\($0.key)" }
        let log = facts.signers.first.map { "\($0.key)" } ?? ""
        return """
            Evidence of \(id)

            This folder holds what a journal of Daybook has recorded of one execution\(facts.includesDescendants ? " and of all that it has begun" : "") (executions \(counts.executions), entries \(counts.entries), payloads \(counts.payloads), erased \(counts.erased)). It can be checked without Daybook, and without the journal.

                journal   \(facts.head.origin.printable)
                entries   \(facts.head.size), of which those in this folder are some
                root      \(facts.head.root.hex)

            WHAT IS HERE

                report.html             to read, in any browser
                head                    size and root of the journal, signed: c2sp.org/tlog-checkpoint
                keys                    the public keys that have signed it: of the log, then of witnesses
            \(facts.policy == nil ? "" : "    policy                  by whom it had to be signed: c2sp.org/tlog-policy\n")    executions              number, count of entries and id of each run of an execution
                entries/N               entry N, as the journal has it: a leaf of its tree (protocol buffers)
                entries/N.tlog-proof    the proof that it is in the tree of the head: c2sp.org/tlog-proof
                payloads/N-P            payload P of entry N: input, output, message, file
                payloads/N-P.salt       the salt under which the entry commits to it (HMAC-SHA256)
                check.py, check.go      what checks this
                SHA256SUMS              the SHA-256 of every other file here

            HOW TO CHECK IT

            1. Get the public key of the log from somebody whom you trust, and not from this folder. The head is signed by

            \(keys.map { "       \($0.printable)" }.joined(separator: "\n"))

            2. Nothing was damaged on the way. Compare the SHA-256 of SHA256SUMS with the one that was printed when this was made.

               $ sha256sum --strict --quiet --check SHA256SUMS
               $ sha256sum SHA256SUMS

            3. The head is signed, every entry is in its tree, every payload is what its entry commits to, every payload that is missing was erased by an entry that says so, and each execution has as many entries as `executions` says, from its first one on and without a gap. check.py is some 250 lines, of nothing but Python and the package cryptography (`pip install cryptography`): read it before you trust it. Put the keys that you have got in place of these.

               $ python3 -I check.py \(keys.map(\.shellWord).joined(separator: " "))

            4. The same of head and entries with golang.org/x/mod/sumdb, by which the Go project checks its own logs. Here for Debian (packages golang-go and golang-golang-x-mod-dev); elsewhere run `go mod init check && go get golang.org/x/mod` in a copy of this folder first, and leave the two variables out.

               $ GO111MODULE=off GOPATH=/usr/share/gocode go run check.go \(log.shellWord)

            WHAT IT SHOWS, AND WHAT IT DOES NOT

            - The entries were in the journal when its head was signed, and have not been changed since. They are of what was recorded; whether that is true they do not show.
            - Each execution is here from its first entry on, without a gap: what is here follows one upon the other. When this was made it ended with the last entry that the execution had then. Others of the same journal are not here.
            - That nothing was left off at the end of an execution is not proven. The counts in `executions` are vouched for by SHA256SUMS alone, and not by the log's signature: whoever hands this on could have removed the last entries, lowered the count, and made SHA256SUMS anew. Compare its SHA-256 with the one that was printed when this was made (step 2), from somebody whom you trust; or ask whoever has the journal to make this once more, and compare.
            - A payload that was erased is gone. The entry that erased it is here, and says who asked for it and why.
            - Secrets are left out. The journal has them sealed, and their entries say which there were.
            - That nobody was shown another history is shown only by witnesses who have signed the head, or by others who hold heads of the same journal.
            - report.html, this file and the scripts are not signed. They are covered by SHA256SUMS alone.

            """
    }
}
#endif
