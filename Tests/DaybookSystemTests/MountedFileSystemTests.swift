import Testing

@testable import DaybookSystem

@Suite struct MountedFileSystemTests {
    // From proc(5) and from real machines: optional fields may be absent or many, and spaces in
    // names are written as \040.
    private let table = """
        22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw
        28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
        36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - xfs /dev/root rw
        40 28 0:47 / /home/a\\040-\\040b rw,relatime - nfs4 server:/a\\040-\\040b rw,vers=4.2
        41 28 0:48 / /sshfs rw - fuse.sshfs me@host: rw,user_id=0

        """

    @Test(arguments: [
        ("0:21", "proc"), ("254:1", "ext4"), ("98:0", "xfs"), ("0:47", "nfs4"),
        ("0:48", "fuse.sshfs"),
    ])
    func findsADevice(_ device: String, _ name: String) {
        #expect(MountedFileSystem.type(ofDevice: device, in: table)?.name == name)
    }

    @Test(arguments: ["0:2", "254:11", "4:1", "", "1"])
    func doesNotFindWhatIsNotThere(_ device: String) {
        #expect(MountedFileSystem.type(ofDevice: device, in: table) == nil)
    }

    @Test(arguments: ["", "\n", "28 1 254:1", "28 1 254:1 / / rw", "28 1 254:1 / / rw -", "254:1"])
    func passesOverLinesThatAreNoMounts(_ table: String) {
        #expect(MountedFileSystem.type(ofDevice: "254:1", in: table) == nil)
    }

    @Test(arguments: [
        ("nfs", true), ("nfs4", true), ("cifs", true), ("smb3", true), ("9p", true),
        ("fuse.sshfs", true), ("ceph", true),
        ("ext4", false), ("xfs", false), ("btrfs", false), ("tmpfs", false), ("overlay", false),
        ("zfs", false), ("fuse.gocryptfs", false),
    ])
    func knowsNetworkFileSystems(_ name: String, _ isNetwork: Bool) {
        #expect(MountedFileSystem(name: name).isNetwork == isNetwork)
    }

    @Test func looksUpTheDeviceOfAPath() throws {
        #expect(try MountedFileSystem.type(of: "/proc/self")?.name == "proc")
        #expect(try MountedFileSystem.type(of: "/absent/path") == nil)
    }
}
