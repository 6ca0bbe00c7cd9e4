import DaybookSystem
import Glibc
import Testing

@Suite struct ShortageTests {
    @Test(arguments: [EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ENOSPC, EDQUOT])
    func whatTheMachineLacksIsAShortage(_ number: Int32) throws {
        let error = SystemError(number: number, operation: "pipe", path: "/a")
        let shortage = try #require(Shortage(error))
        #expect(shortage.number == number)
        #expect(shortage.description.hasPrefix("\(error); "))
        #expect(shortage.description.hasSuffix(", then try again"))
    }

    @Test(arguments: [ENOENT, EACCES, EIO, EROFS, EINVAL, EBADF])
    func anythingElseIsNone(_ number: Int32) {
        #expect(Shortage(SystemError(number: number, operation: "open")) == nil)
    }

    @Test func theAdviceFollowsTheNumber() throws {
        let files = try #require(Shortage(SystemError(number: EMFILE, operation: "pipe")))
        let disk = try #require(Shortage(SystemError(number: ENOSPC, operation: "mkdir")))
        #expect(files.advice.contains("ulimit -n"))
        #expect(disk.advice.contains("make room"))
    }
}
