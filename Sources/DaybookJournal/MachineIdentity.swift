import Crypto
import DaybookSystem

/// The machine that a process runs on.
package enum MachineIdentity {
    /// SHA-256 of the machine's id; empty where it has none: the name of a container, for example, is
    /// another one each time.
    package static func digest() throws(SystemError) -> [UInt8] {
        let path = "/etc/machine-id"
        guard try FileStatus.of(path) != nil else { return [] }
        let id = try File.contents(of: path)
        // 32 hexadecimal digits; a system that has not been set up yet has something else there.
        guard id.count >= 32 else { return [] }
        return Array(SHA256.hash(data: id))
    }
}
