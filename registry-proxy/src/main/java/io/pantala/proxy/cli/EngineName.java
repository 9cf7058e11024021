package io.pantala.proxy.cli;

import io.pantala.proxy.setup.Engine;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads engines as users write them. */
final class EngineName implements ITypeConverter<Engine> {
    @Override
    public Engine convert(String text) {
        try {
            return Engine.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(
                    "must be one of " + String.join(", ", Engine.titles()) + "; for others see examples/engines");
        }
    }
}
