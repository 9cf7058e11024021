package io.pantala.proxy.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** One JSON object a line: time, level, logger, thread, message, then the event's own fields. */
final class JsonLines extends EncoderBase<ILoggingEvent> {
    private final JsonFactory json = new JsonFactory();

    @Override
    public byte[] encode(ILoggingEvent event) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("time", Instant.ofEpochMilli(event.getTimeStamp()).toString());
        fields.put("level", event.getLevel().toString());
        fields.put("logger", event.getLoggerName());
        fields.put("thread", event.getThreadName());
        fields.put("message", event.getFormattedMessage());
        Fields.of(event).forEach(fields::putIfAbsent);
        if (event.getThrowableProxy() != null) {
            fields.putIfAbsent("error", Fields.error(event.getThrowableProxy()));
            String stack = Fields.stack(event.getThrowableProxy());
            if (stack != null) {
                fields.putIfAbsent("stack", stack);
            }
        }
        return line(fields);
    }

    @Override
    public byte[] headerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] footerBytes() {
        return new byte[0];
    }

    private byte[] line(Map<String, Object> fields) {
        ByteArrayOutputStream line = new ByteArrayOutputStream(300);
        try (JsonGenerator out = json.createGenerator(line)) {
            out.writeStartObject();
            for (Map.Entry<String, Object> field : fields.entrySet()) {
                out.writeFieldName(field.getKey());
                switch (field.getValue()) {
                    case Long number -> out.writeNumber(number);
                    case Integer number -> out.writeNumber(number);
                    case Boolean truth -> out.writeBoolean(truth);
                    case Object other -> out.writeString(other.toString());
                }
            }
            out.writeEndObject();
            out.writeRaw('\n');
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return line.toByteArray();
    }
}
