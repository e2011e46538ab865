from minutier.compose.cli import main

main()
