# Fit one model with clmm, lmer or glmmTMB whenever a line arrives.
#
#   Rscript fit.R FOLDER METHOD FORMULA      METHOD: ordinal, ordered-beta, reml or ml
#
# Answers: "ready" once the data are read and the code is warm; then for each line
# "fit SECONDS CRITERION ROWS EFFECTS". The criterion is the log-likelihood, or lmer's REML
# criterion. Only the fit is timed.
suppressPackageStartupMessages({ library(ordinal); library(lme4) })
options(contrasts = c("contr.treatment", "contr.treatment"))
args <- commandArgs(trailingOnly = TRUE)
method <- args[2]
between <- method == "ordered-beta"
if (between) suppressPackageStartupMessages(library(glmmTMB))
model <- as.formula(args[3])

data <- read.csv(file.path(args[1], "data.csv"), colClasses = "character",
                 na.strings = character(0), check.names = FALSE)
levels <- read.csv(file.path(args[1], "levels.csv"), colClasses = "character",
                   na.strings = character(0))
for (name in unique(levels$column))
  data[[name]] <- factor(data[[name]], levels$level[levels$column == name])
response <- names(data)[1]
data[[response]] <- as.numeric(data[[response]])
if (method == "ordinal") data[[response]] <- factor(data[[response]])

fit <- function(formula, data) {
  # Without a start for its cutpoints glmmTMB has none where ratings are at the ends.
  if (between) glmmTMB(formula, data, family = ordbeta(), start = list(psi = c(-1, 1)))
  else if (method == "ordinal") clmm(formula, data, link = "logit")
  else lmer(formula, data, REML = method == "reml")
}
criterion <- function(fitted) {
  if (method == "reml") REMLcrit(fitted) else as.numeric(logLik(fitted))
}
effects <- function(fitted) {
  if (between) length(fixef(fitted)$cond) - 1
  else if (method == "ordinal") length(fitted$beta) else length(fixef(fitted)) - 1
}
give_up <- function(problem) {
  write(conditionMessage(problem), stderr())
  quit(status = 1)
}
answer <- function(...) { cat(..., "\n"); flush(stdout()) }

# The random terms alone, on few rows: what R compiles at first use is compiled then.
bars <- paste0("(", sapply(findbars(model), deparse), ")", collapse = " + ")
few <- droplevels(head(data, 400))
invisible(suppressWarnings(try(fit(as.formula(paste(response, "~ 1 +", bars)), few), silent = TRUE)))
answer("ready")

lines <- file("stdin", "r")
while (length(readLines(lines, 1)) > 0) {
  seconds <- tryCatch(system.time(fitted <- fit(model, data))[["elapsed"]], error = give_up)
  answer("fit", format(c(seconds, criterion(fitted)), digits = 15), nobs(fitted), effects(fitted))
}
