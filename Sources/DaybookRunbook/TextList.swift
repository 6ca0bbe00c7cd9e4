#if CLI
import FoundationEssentials
import Yams

/// Lists of texts, each of one line.
enum TextList {
    /// The elements of a list as a person writes it: a JSON array of texts, lines, or texts with
    /// commas between them.
    /// - Returns: nil when it is none, or an element is empty.
    static func elements(of text: String) -> [String]? {
        let trimmed = text.drop { $0.isWhitespace }
        if trimmed.first == "[" { return json(String(trimmed)) }
        if text.utf8.contains(UInt8(ascii: "\n")) {
            let all = lines(of: text)
            return all.allSatisfy(isElement) ? all : nil
        }
        if text.isEmpty { return [] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            var part = part.drop { $0 == " " }
            while part.last == " " { part.removeLast() }
            return String(part)
        }
        return parts.allSatisfy(isElement) ? parts : nil
    }

    /// The elements of a text that a job gave: a JSON array of texts, or one to a line. An empty text is none: a
    /// job that ran for each element, and failed for some, has given nothing for those.
    static func elements(ofOutput text: String) -> [String]? {
        if text.drop(while: \.isWhitespace).first == "[" { return json(text, dropsEmpty: true) }
        let all = lines(of: text)
        return all.allSatisfy(isElement) ? all : nil
    }

    /// The lines of a text: by bytes, because to Swift a line end of Windows is one character.
    static func lines(of text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func json(_ text: String, dropsEmpty: Bool = false) -> [String]? {
        do {
            var all = try JSONDecoder().decode([String].self, from: Data(text.utf8))
            if dropsEmpty { all.removeAll(where: \.isEmpty) }
            return all.allSatisfy(isElement) ? all : nil
        } catch {
            return nil
        }
    }

    /// A JSON array of texts.
    static func json(_ elements: [String]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        do {
            return String(decoding: try encoder.encode(elements), as: UTF8.self)
        } catch {
            fatalError("texts cannot be encoded as JSON: \(error)")
        }
    }

    static func isElement(_ text: String) -> Bool {
        !text.isEmpty && !text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == 0 }
    }
}

extension RunbookParser {
    /// A YAML list of texts, each of one line.
    func textList(_ node: Node, _ what: String) throws(RunbookError) -> [String] {
        var elements: [String] = []
        for item in try reader.items(of: node, what) {
            let text = try reader.scalar(item, "an element of \(what)").string
            guard TextList.isElement(text) else {
                throw reader.error(
                    at: item,
                    "an element of \(what) must be text of one line that is not empty, and is"
                        + " \(quoted(text))"
                )
            }
            elements.append(text)
        }
        return elements
    }
}
#endif
