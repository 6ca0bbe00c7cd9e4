import Daybook
import FoundationEssentials
import Testing

@Test func theExampleOfTheReadmeRunsOnce() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/readme-\(UUID()).daybook"
    // What is left behind in the folder for temporary files fails no test.
    defer { try? FileManager.default.removeItem(atPath: folder) }  // tidy: allowed
    var urls: [String] = []
    for _ in 0..<2 {
        let daybook = try await openJournal(at: folder)
        urls.append(try await createRepository("tools", daybook))
        try await daybook.close()
    }
    #expect(urls[0] == urls[1])
    #expect(urls[0].hasPrefix("https://git.example/tools?key="))
}
