import DaybookFormat
import DaybookView
import FoundationEssentials
import SwiftProtobuf

extension JournalEntry {
    /// Writes the entry, complete: stored bytes, payloads and salts included.
    package func write(to json: inout JSONWriter) throws {
        let event = try eventJSON()
        json.object { json in
            json.member("schema", "daybook.entry/1")
            json.member("sequence", entry.sequence)
            json.member("time", time.description)
            json.member("stream", entry.stream)
            json.member("ordinal", entry.ordinal)
            json.member("previous", entry.previous == 0 ? nil : entry.previous)
            json.member("session", entry.session == 0 ? nil : entry.session)
            json.member("causation", entry.causation == 0 ? nil : entry.causation)
            json.member("event", eventName)
            if let request {
                json.key("request")
                json.object { request.write(to: &$0) }
            }
            json.key("data")
            json.raw(event)
            if !payloads.isEmpty || !entry.commitments.isEmpty {
                json.key("payloads")
                json.array { writePayloads(to: &$0) }
            }
            if let erasure {
                json.key("erasure")
                json.object { erasure.write(to: &$0) }
            }
            json.member("entry", Data(bytes).base64EncodedString())
        }
    }

    private func writePayloads(to json: inout JSONWriter) {
        for (index, commitment) in entry.commitments.enumerated() {
            json.object { json in
                json.member("size", commitment.size)
                json.member("contentType", commitment.contentType)
                json.member("mac", commitment.mac.base64EncodedString())
                guard index < payloads.count, let salt = payloads[index].salt else {
                    json.member("erased", true)
                    return
                }
                let data = payloads[index].data
                json.member("salt", Data(salt.bytes).base64EncodedString())
                json.member("base64", Data(data).base64EncodedString())
                if commitment.contentType == 1, JSONSyntax.isOneLine(data) {
                    json.key("json")
                    json.raw(data)
                }
            }
        }
    }

    private func eventJSON() throws -> [UInt8] {
        guard let event = entry.event else { return Array("{}".utf8) }
        // The JSON form of an entry that holds only the event: {"<name>":{...}}.
        var only = ProtoEntry()
        only.event = event
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        let bytes: [UInt8] = try only.jsonUTF8Bytes(options: options)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes.count > colon + 2 else {
            return Array("{}".utf8)
        }
        return Array(bytes[(colon + 1)..<(bytes.count - 1)])
    }
}

extension RecordedRequest {
    /// Writes who asked, and why.
    package func write(to json: inout JSONWriter) {
        json.member("actor", actor)
        json.member("user", user.isEmpty ? nil : user)
        json.member("session", session)
        json.member("principal", principal)
        json.member("reason", reason)
    }
}

extension Erasure {
    /// Writes by which entry, when, by whom and why.
    package func write(to json: inout JSONWriter) {
        json.member("entry", sequence)
        json.member("time", time.description)
        json.member("byRule", isByRule)
        json.key("request")
        json.object { request.write(to: &$0) }
    }
}
