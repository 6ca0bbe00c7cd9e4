import DaybookSystem
import Glibc
import Testing

@Suite struct FolderTests {
    @Test func aNewFolderBelongsToItsOwnerAlone() throws {
        try withTemporaryFolder { folder in
            try Folder.create(folder + "/a")
            #expect(try permissions(of: folder + "/a") == 0o700)
        }
    }

    @Test func creatingAFolderTwiceIsFine() throws {
        try withTemporaryFolder { folder in
            try Folder.create(folder + "/a")
            _ = try File.open(folder + "/a/kept", .create)
            try Folder.create(folder + "/a")
            #expect(try Folder.names(in: folder + "/a") == ["kept"])
        }
    }

    @Test func aFolderIsNotTakenForMadeWhereSomethingElseIs() throws {
        try withTemporaryFolder { folder in
            try File.open(folder + "/a", .create).append([])
            let error = #expect(throws: SystemError.self) { try Folder.create(folder + "/a") }
            #expect(error?.number == ENOTDIR)
        }
    }

    /// Longer than a path may be, and deeper than a process may have files open.
    @Test(arguments: [3, Folder.deepest, Folder.deepest + 1, 5_000])
    func aChainOfFoldersIsRemovedHoweverDeep(_ depth: Int) throws {
        try withTemporaryFolder { folder in
            let root = folder + "/a"
            try Folder.create(root)
            var inner = open(root, O_RDONLY | O_DIRECTORY)
            #expect(inner >= 0)
            for level in 0..<depth {
                #expect(mkdirat(inner, "d", 0o700) == 0)
                // A name that the removal itself gives.
                if level == 70 { #expect(mkdirat(inner, ".removed-1", 0o700) == 0) }
                let next = openat(inner, "d", O_RDONLY | O_DIRECTORY)
                #expect(next >= 0)
                close(inner)
                inner = next
            }
            close(inner)
            _ = try File.open(root + "/.removed-1", .create)
            try Folder.create(folder + "/other")
            try Folder.removeAll(root)
            #expect(try Folder.names(in: folder) == ["other"])
        }
    }

    @Test func aFolderIsNotMadeWhereItsParentIsMissing() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: SystemError.self) {
                try Folder.create(folder + "/absent/a")
            }
            #expect(error?.number == ENOENT)
        }
    }

    @Test func namesAreSorted() throws {
        try withTemporaryFolder { folder in
            for name in ["b", "é", ".hidden", "a b", "B"] {
                _ = try File.open(folder + "/" + name, .create)
            }
            #expect(try Folder.names(in: folder) == [".hidden", "B", "a b", "b", "é"])
        }
    }

    @Test func namesOfAFolderThatIsNotThereAreAnError() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: SystemError.self) {
                try Folder.names(in: folder + "/absent")
            }
            #expect(error?.isNotFound == true)
        }
    }

    @Test func removingAFileTwiceIsFine() throws {
        try withTemporaryFolder { folder in
            _ = try File.open(folder + "/a", .create)
            try Folder.removeFile(folder + "/a")
            #expect(try !isThere(folder + "/a"))
            try Folder.removeFile(folder + "/a")
        }
    }

    @Test func removingAFileDoesNotRemoveAFolder() throws {
        try withTemporaryFolder { folder in
            try Folder.create(folder + "/a")
            #expect(throws: SystemError.self) { try Folder.removeFile(folder + "/a") }
            #expect(try isThere(folder + "/a"))
        }
    }

    @Test func pathsAreResolvedThroughLinks() throws {
        try withTemporaryFolder { folder in
            let real = try Folder.resolved(folder)
            try Folder.create(folder + "/a")
            #expect(symlink(folder + "/a", folder + "/link") == 0)
            #expect(try Folder.resolved(folder + "/link/../link/.") == real + "/a")
            let error = #expect(throws: SystemError.self) {
                try Folder.resolved(folder + "/absent")
            }
            #expect(error?.isNotFound == true)
        }
    }

    @Test func aFolderCanBeFlushed() throws {
        try withTemporaryFolder { folder in
            try Folder.synchronize(folder)
            #expect(throws: SystemError.self) { try Folder.synchronize(folder + "/absent") }
        }
    }
}
