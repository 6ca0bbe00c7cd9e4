/// Why bytes are no value of a type, in the words of who looks for the field.
enum UndecodableValue {
    /// The decoder's own sentence, with the path to what is wrong.
    static func sentence(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, let context):
            return "\(place(context)) has no \"\(key.stringValue)\""
        case .valueNotFound(let type, let context):
            return "\(place(context)) is null, and must be \(type)"
        case .typeMismatch(let type, let context):
            return "\(place(context)) is not \(type)"
        case .dataCorrupted(let context):
            return "\(place(context)) cannot be read: \(context.debugDescription)"
        @unknown default:
            return "\(error)"
        }
    }

    /// A path as programs write it: `orders[2].price`.
    private static func place(_ context: DecodingError.Context) -> String {
        guard !context.codingPath.isEmpty else { return "it" }
        var text = ""
        for key in context.codingPath {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return text
    }
}
