/// The kind of file system that a path is on.
package struct MountedFileSystem: Sendable, Equatable {
    /// The kernel's name for it, for example `ext4`.
    package let name: String

    /// Whether other machines can write to it at the same time.
    package var isNetwork: Bool {
        let names: Set<String> = [
            "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "glusterfs", "lustre",
            "gfs2", "ocfs2", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs",
        ]
        return names.contains(name)
    }

    /// Looks up the file system that holds `path`, by the device that it is on.
    /// - Returns: nil where that cannot be found out.
    package static func type(of path: String) throws(SystemError) -> MountedFileSystem? {
        #if os(Linux)
        guard let device = try FileStatus.of(path)?.device else { return nil }
        // The two parts of a device number (makedev(3)).
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & 0xFFFF_FF00
        let table = String(
            decoding: try File.contents(of: "/proc/self/mountinfo"),
            as: UTF8.self
        )
        return type(ofDevice: "\(major):\(minor)", in: table)
        #else
        return nil
        #endif
    }

    /// Finds a device in the text of `/proc/self/mountinfo` (proc(5)): the third word is the
    /// device, the word after a lone hyphen is the type.
    static func type(ofDevice device: String, in table: String) -> MountedFileSystem? {
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, words[2] == device,
                let hyphen = words.firstIndex(of: "-"), hyphen + 1 < words.count
            else { continue }
            return MountedFileSystem(name: String(words[hyphen + 1]))
        }
        return nil
    }
}
