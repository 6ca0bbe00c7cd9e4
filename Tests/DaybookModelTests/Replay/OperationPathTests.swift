import Testing

@testable import DaybookModel

@Suite struct OperationPathTests {
    private func path(_ scope: [UInt32], _ position: UInt32) -> OperationPath {
        OperationPath(scope: scope, position: position)
    }

    @Test func anOperationIsFollowedByThoseAfterItInItsScope() {
        #expect(path([], 1).isFollowed(by: path([], 2)))
        #expect(!path([], 1).isFollowed(by: path([], 1)))
        #expect(!path([], 1).isFollowed(by: path([], 0)))
        #expect(path([3, 0], 1).isFollowed(by: path([3, 0], 2)))
    }

    @Test func anOperationIsFollowedByThoseAfterTheOnesAroundIt() {
        #expect(path([3, 0, 2, 1], 5).isFollowed(by: path([3, 0], 3)))
        #expect(path([3, 0, 2, 1], 5).isFollowed(by: path([], 4)))
        #expect(!path([3, 0, 2, 1], 5).isFollowed(by: path([], 3)))
        #expect(!path([3, 0, 2, 1], 5).isFollowed(by: path([3, 0], 2)))
    }

    @Test func anOperationIsFollowedByTheBranchesOfLaterOnes() {
        #expect(path([], 1).isFollowed(by: path([2, 0], 0)))
        #expect(path([1, 0], 4).isFollowed(by: path([1, 0, 5, 7], 0)))
        #expect(!path([], 1).isFollowed(by: path([1, 0], 0)))
    }

    @Test func branchesBesideEachOtherDoNotFollowEachOther() {
        #expect(!path([3, 0], 1).isFollowed(by: path([3, 1], 9)))
        #expect(!path([3, 1], 1).isFollowed(by: path([3, 0], 9)))
    }

    @Test func anOperationIsInsideTheOnesThatItIsABranchOf() {
        #expect(path([3, 0, 2, 1], 5).isInside(path([], 3)))
        #expect(path([3, 0, 2, 1], 5).isInside(path([3, 0], 2)))
        #expect(!path([3, 0, 2, 1], 5).isInside(path([3, 0], 3)))
        #expect(!path([], 3).isInside(path([], 3)))
    }

    @Test func aRecordedPathIsReadAgain() {
        let path = path([3, 0, 2, 1], 5)
        #expect(OperationPath(path.proto) == path)
    }
}
