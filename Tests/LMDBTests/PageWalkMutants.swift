import CLMDB
import DaybookSystem

@testable import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A place in a file that LMDB reads as a number.
struct Field {
    enum Kind: String {
        case header, pointer, branchNode, leafNode, longValuePage, record, innerHeader, meta
    }

    let offset: Int
    let size: Int
    let kind: Kind
    /// The flags of the page, or of the node.
    var flags = 0

    /// Two mutants for each byte: a bit flipped, and another byte.
    func mutants(_ file: [UInt8], _ generator: inout SeededGenerator) -> [Mutant] {
        (offset..<offset + size).flatMap { offset in
            let flipped = file[offset] ^ 1 << UInt8(generator.next() % 8)
            let other = UInt8(truncatingIfNeeded: generator.next())
            return [flipped, other].filter { $0 != file[offset] }.map {
                Mutant(offset: offset, bytes: [$0], field: self)
            }
        }
    }

    /// The fields of all pages that are in use.
    static func all(_ file: [UInt8], inUse: PageSet) -> [Field] {
        var inUse = inUse
        var fields: [Field] = []
        for page in 2..<file.count / 4096 where !inUse.insert(UInt64(page)) {
            let start = page * 4096
            let flags = file.u16(start + 10)
            // The further pages of a long value have no header.
            guard file.u16(start) == page, [1, 2, 4, 0x22].contains(flags) else { continue }
            fields.append(Field(offset: start, size: 16, kind: .header, flags: flags))
            guard flags < 4 else { continue }
            for index in 0..<(file.u16(start + 12) - 16) / 2 {
                let pointer = start + 16 + 2 * index
                let node = start + file.u16(pointer)
                fields.append(Field(offset: pointer, size: 2, kind: .pointer))
                fields += ofNode(file, node, flags == 1 ? .branchNode : .leafNode)
            }
        }
        return fields
    }

    private static func ofNode(_ file: [UInt8], _ node: Int, _ kind: Kind) -> [Field] {
        let flags = kind == .leafNode ? file.u16(node + 4) : 0
        let header = Field(offset: node, size: 8, kind: kind, flags: flags)
        let data = node + 8 + file.u16(node + 6)
        return switch flags {
        case 1: [header, Field(offset: data, size: 8, kind: .longValuePage)]
        case 2, 6: [header, Field(offset: data, size: 48, kind: .record, flags: flags)]
        case 4: [header, Field(offset: data, size: 16, kind: .innerHeader)]
        default: [header]
        }
    }
}

/// A file with something overwritten.
struct Mutant: CustomStringConvertible {
    let offset: Int
    let bytes: [UInt8]
    var field: Field?

    /// Some bytes anywhere behind the meta pages.
    static func splat(_ file: [UInt8], _ generator: inout SeededGenerator) -> Mutant {
        let size = 1 + Int(generator.next() % 64)
        return Mutant(
            offset: 8192 + Int(generator.next() % UInt64(file.count - 8192 - size)),
            bytes: (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        )
    }

    var description: String {
        let kind = field.map { "\($0.kind) with flags \($0.flags)" } ?? "splat"
        return "\(kind) of page \(offset / 4096), byte \(offset - (field?.offset ?? 0)): \(bytes)"
    }

    func apply(to file: borrowing File) {
        _ = bytes.withUnsafeBytes { pwrite(file.descriptor, $0.baseAddress, $0.count, offset) }
    }

    func undo(_ file: borrowing File, _ intact: [UInt8]) {
        Mutant(offset: offset, bytes: Array(intact[offset..<offset + bytes.count])).apply(to: file)
    }

    /// Whether LMDB does not look at what is changed, or takes it as another sound value.
    func mayGoUnnoticed(_ intact: [UInt8]) -> Bool {
        guard let field else { return true }
        let byte = offset - field.offset
        switch field.kind {
        case .header:
            // mp_pad says something in pages of members of one size only.
            return field.flags != 0x22 && (8...9).contains(byte)
        case .branchNode:
            return byte >= 6 && changed(intact, node: field.offset).isSameSize
        case .leafNode:
            let result = changed(intact, node: field.offset)
            return byte < 4 && field.flags == 1 && result.fitsItsPages
                || byte != 4 && byte != 5 && result.isSameSize
        case .record:
            // md_pad says something with members of one size only; flags of a named database may
            // fit its contents by chance.
            return byte < 4 && intact.u16(field.offset + 4) & 0x10 == 0
                || byte < 6 && field.flags == 2
        case .innerHeader:
            // The number of the page around, and mp_pad, as above.
            return byte < 8 || byte < 10 && intact.u16(field.offset + 10) == 0x52
        case .pointer, .longValuePage, .meta:
            return false
        }
    }

    /// A node takes an even number of bytes: one byte more or less of a key or value may make no
    /// difference. A long value may be shorter than its pages.
    private func changed(
        _ intact: [UInt8],
        node: Int
    ) -> (isSameSize: Bool, fitsItsPages: Bool) {
        var header = Array(intact[node..<node + 8])
        header[offset - node] = bytes[0]
        let old = Array(intact[node..<node + 8])
        let isBranch = intact.u16(node / 4096 * 4096 + 10) == 1
        func size(_ header: [UInt8]) -> Int {
            let data = isBranch ? 0 : header[4] & 1 != 0 ? 8 : header.u16(0) | header.u16(2) << 16
            return (8 + header.u16(6) + data + 1) & ~1
        }
        guard header.u16(4) == 1, header.u16(6) == old.u16(6) else {
            return (size(header) == size(old), false)
        }
        let head = intact.u16(node + 8 + old.u16(6)) * 4096
        let needed = (15 + (header.u16(0) | header.u16(2) << 16)) / 4096 + 1
        return (false, needed <= intact.u16(head + 12))
    }
}

extension Mutant {
    static func write(_ mutants: [Mutant], _ path: String) throws {
        let lines = mutants.map { mutant in
            "\(mutant.offset) " + mutant.bytes.map { String($0) }.joined(separator: " ") + "\n"
        }
        try File.open(path, .create).append(Array(lines.joined().utf8))
    }

    /// Reads all of each mutant through LMDB, and writes to it.
    static func readAll(in folder: String) throws {
        let intact = try File.contents(of: folder + "/data")
        let path = folder + "/mutant"
        let lines = String(decoding: try File.contents(of: folder + "/mutants"), as: UTF8.self)
        for line in lines.split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            let mutant = Mutant(offset: numbers[0], bytes: numbers.dropFirst().map { UInt8($0) })
            try Folder.removeFile(path)
            let file = try File.open(path, .create)
            try file.append(intact)
            mutant.apply(to: file)
            try note(line, folder)
            do {
                try use(path)
            } catch is LMDBError {
                continue
            }
        }
        try note("end", folder)
    }

    /// What the process of ``readAll(in:)`` was at when it ended.
    static func current(in folder: String) throws -> String {
        String(decoding: try File.contents(of: folder + "/current"), as: UTF8.self)
    }

    private static func note(_ current: Substring, _ folder: String) throws {
        try Folder.removeFile(folder + "/current")
        try File.open(folder + "/current", .create).append(Array(current.utf8))
    }

    private static func use(_ path: String) throws {
        let environment = try Workload.open(path)
        defer { environment.close() }
        guard try environment.problems().isEmpty else { return }
        var workload = try Workload(environment, seed: 6)
        try environment.read { transaction in
            for database in workload.databases {
                var sum: UInt64 = 0
                try transaction.withCursor(in: database) { cursor in
                    while try cursor.move(.next) {
                        cursor.value.withUnsafeBytes { for byte in $0 { sum &+= UInt64(byte) } }
                        cursor.key.withUnsafeBytes { for byte in $0 { sum &+= UInt64(byte) } }
                    }
                    while try cursor.move(.previous) { sum &+= 1 }
                }
            }
        }
        for _ in 0..<3 { try workload.change(operations: 20) }
    }
}

extension [UInt8] {
    func u16(_ offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }
}
