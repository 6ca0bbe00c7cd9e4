import DaybookFormat
import Testing

@testable import DaybookModel

@Suite struct ReadyQueuesTests {
    /// Revisions come and go with every deployment; types stay.
    @Test func theQueueOfARevisionIsKeptAsLongAsSomethingIsInIt() {
        var queues = ReadyQueues()
        for number in 0..<1_000 as Range<UInt64> {
            let key = ReadyQueues.Key(type: "type", revision: Name("r\(number)"))
            queues.insert(ReadyQueues.Item(number: number, sequence: number), key) { _ in true }
            #expect(queues.count == 1)
            queues.trim(key) { _ in false }
            #expect(queues.count == 0)
        }
        let key = ReadyQueues.Key(type: "type", revision: "")
        queues.insert(ReadyQueues.Item(number: 1, sequence: 1), key) { _ in true }
        queues.trim(key) { _ in false }
        #expect(queues.count == 1)
    }
}
