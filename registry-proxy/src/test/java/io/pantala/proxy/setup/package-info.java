@NullMarked
package io.pantala.proxy.setup;

import org.jspecify.annotations.NullMarked;
