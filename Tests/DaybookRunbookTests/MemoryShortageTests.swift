#if CLI
@testable import DaybookRunbook
import Testing
import Yams

/// A runbook for which there was not enough memory has no mistake.
@Suite struct MemoryShortageTests {
    @Test func yamlThatRunsOutOfMemoryIsAShortage() {
        let source = SourceText("name: x", file: "a.yaml")
        let error = YAMLDocument.runbookError(
            for: YamlError.memory,
            in: source
        )
        #expect(error.isShortage)
        #expect(error.message.contains("not enough memory"))
        #expect(error.message.contains("try again"))
        let mistake = YAMLDocument.runbookError(for: YamlError.no, in: source)
        #expect(!mistake.isShortage)
    }
}
#endif
