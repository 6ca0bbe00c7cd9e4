import DaybookSystem
import Glibc
import Testing

@Suite struct SystemErrorTests {
    @Test func describesCallPathAndReason() {
        let error = SystemError(number: EACCES, operation: "open", path: "/a/b")
        #expect(error.description == "open of /a/b failed: Permission denied (errno 13)")
        let other = SystemError(number: EAGAIN, operation: "fork")
        #expect(other.description == "fork failed: Resource temporarily unavailable (errno 11)")
    }

    @Test func takesTheNumberOfTheLastFailure() {
        #expect(close(-1) == -1)
        #expect(SystemError.current("close").number == EBADF)
    }

    @Test(arguments: [
        (EROFS, true, false, false), (EACCES, true, false, false), (EPERM, true, false, false),
        (ENOSPC, false, true, false), (EDQUOT, false, true, false),
        (ENOENT, false, false, true), (ENOTDIR, false, false, true),
        (EIO, false, false, false),
    ])
    func sortsNumbers(_ number: Int32, isReadOnly: Bool, isFull: Bool, isNotFound: Bool) {
        let error = SystemError(number: number, operation: "write")
        #expect(error.isReadOnly == isReadOnly)
        #expect(error.isFull == isFull)
        #expect(error.isNotFound == isNotFound)
    }
}
