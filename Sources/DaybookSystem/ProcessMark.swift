#if canImport(Glibc)
import CSystem
import Glibc

/// A mark in the environment of a process, which all that it starts inherits: so they are found
/// wherever they have gone, also after their parents and process groups.
///
/// A process that begins with an environment of its own, or that overwrites it, has lost the mark.
package struct ProcessMark: Sendable, Equatable {
    /// The variable. Of nested marks, each after a colon, every one counts.
    package static let variable = "DAYBOOK_TRY"
    /// 32 hexadecimal digits.
    package let text: String

    /// A mark that nothing has yet.
    /// - Throws: ``SystemError`` when the system gives no random numbers.
    package init() throws(SystemError) {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
        defer { bytes.deallocate() }
        try SystemRandom.fill(bytes)
        text = bytes.hexadecimal
    }

    /// Reads a mark.
    /// - Returns: nil when it is none.
    package init?(_ text: some StringProtocol) {
        let digits = Set("0123456789abcdef".utf8)
        guard text.utf8.count == 32, text.utf8.allSatisfy({ digits.contains($0) }) else {
            return nil
        }
        self.text = String(text)
    }

    /// What the variable is to hold: this mark, after those that this process has itself.
    var value: String {
        guard let outer = getenv(Self.variable) else { return text }
        return "\(String(cString: outer)):\(text)"
    }

    /// Ends every process that has the mark, with SIGKILL, and waits until they are gone. This
    /// process itself is not among them.
    /// - Returns: whether there was any.
    func end() throws(SystemError) -> Bool {
        var isAny = false
        while true {
            let found = try processes()
            if found.isEmpty { return isAny }
            isAny = true
            for process in found { try end(process) }
        }
    }

    private func processes() throws(SystemError) -> [Int32] {
        let own = getpid()
        var all: [Int32] = []
        for name in try Folder.names(in: "/proc") {
            guard let process = Int32(name), process != own, try isOn(process) else { continue }
            all.append(process)
        }
        return all
    }

    /// Whether a living process has the mark. Those of other users cannot be looked at.
    private func isOn(_ process: Int32) throws(SystemError) -> Bool {
        let environment: [UInt8]
        do throws(SystemError) {
            environment = try File.contents(of: "/proc/\(process)/environ")
        } catch {
            if error.isNotFound || error.isReadOnly || error.number == ESRCH { return false }
            throw error
        }
        let prefix = Array("\(Self.variable)=".utf8)
        let mark = Array(text.utf8)
        return environment.split(separator: 0).contains { pair in
            pair.starts(with: prefix)
                && pair.dropFirst(prefix.count).split(separator: UInt8(ascii: ":"))
                    .contains { $0.elementsEqual(mark) }
        }
    }

    private func end(_ process: Int32) throws(SystemError) {
        let descriptor = csystem_pidfd_open(process)
        guard descriptor >= 0 else {
            if errno == ESRCH { return }
            throw .current("pidfd_open of \(process)")
        }
        defer { close(descriptor) }
        // The number may have been given to another one before the descriptor was opened.
        guard try isOn(process) else { return }
        guard csystem_pidfd_send(descriptor, SIGKILL) == 0 || errno == ESRCH else {
            throw .current("kill of process \(process)")
        }
        var ended = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard retryingInterrupts({ poll(&ended, 1, -1) }) >= 0 else { throw .current("poll") }
    }
}
#endif
