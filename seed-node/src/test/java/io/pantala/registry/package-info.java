@NullMarked
package io.pantala.registry;

import org.jspecify.annotations.NullMarked;
