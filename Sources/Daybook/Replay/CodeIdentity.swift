import Crypto
import DaybookFormat
import DaybookSystem
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// What a session says of the process that it is.
enum CodeIdentity {
    static func session(
        _ uuid: Identifier,
        actor: String?,
        program: String?,
        revision: String?
    ) throws(SystemError) -> ProtoSessionOpened {
        var facts = ProtoSessionOpened()
        facts.uuid = Data(uuid.bytes)
        facts.user = userName
        facts.actor = actor ?? userName
        facts.host = hostName
        facts.pid = UInt32(getpid())
        facts.program = program ?? programName
        facts.version = Engine.version
        let code = try codeDigest()
        facts.code = Data(code)
        facts.revision = revision ?? code.hexadecimal
        facts.schema = 1
        facts.pidNamespace = try pidNamespace()
        return facts
    }

    static var userName: String { SystemUser.name }

    private static var hostName: String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let result = buffer.withUnsafeMutableBytes { bytes in
            gethostname(bytes.assumingMemoryBound(to: CChar.self).baseAddress!, bytes.count - 1)
        }
        return result == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }

    private static var programName: String {
        let path = CommandLine.arguments.first ?? "unknown"
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return String(decoding: name.utf8.prefix(200), as: UTF8.self)
    }

    /// The digest, once it is known: what a process runs does not change while it runs.
    private static let known = Locked<[UInt8]?>(nil)

    private static func codeDigest() throws(SystemError) -> [UInt8] {
        if let digest = known.withLock({ $0 }) { return digest }
        let digest = try executableDigest()
        known.withLock { $0 = digest }
        return digest
    }

    /// SHA-256 of the file that this process runs.
    private static func executableDigest() throws(SystemError) -> [UInt8] {
        let file = try File.open("/proc/self/exe", .read)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var hash = SHA256()
        var offset = 0
        while true {
            let count = try file.read(into: buffer, at: offset)
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
            if count < buffer.count { return Array(hash.finalize()) }
        }
    }

    /// The number of this process's namespace of process numbers; 0 where there is none.
    static func pidNamespace() throws(SystemError) -> UInt64 {
        try FileStatus.of("/proc/self/ns/pid")?.inode ?? 0
    }
}

extension [UInt8] {
    /// Two digits for each byte.
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }
}
